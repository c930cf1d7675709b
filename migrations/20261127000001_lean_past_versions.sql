-- There is a past version for nearly every event, and most of them have no
-- watchers, configuration items, numbers elsewhere, files or fields of the
-- organisation's own, nobody has urged, and nothing was overruled. Such a value
-- costs as much as any other on its way into the table; nothing costs nothing.
-- The text to be searched repeats what the other columns say and was a fifth of
-- the table: it is written only where SQL cannot say it over again.
--
-- The program of this migration builds the queue anew, in its next version.
alter table work_queue_past
    alter column priority_overridden    drop not null,
    alter column is_major               drop not null,
    alter column hand_over_count        drop not null,
    alter column cross_department_count drop not null,
    alter column urge_count             drop not null,
    alter column cycle                  drop not null,
    alter column escalation_level       drop not null,
    alter column comment_count          drop not null,
    alter column effort_minutes         drop not null,
    alter column feedback_given         drop not null,
    alter column archived               drop not null,
    alter column watchers               drop not null,
    alter column cis                    drop not null,
    alter column external_references    drop not null,
    alter column custom_fields          drop not null,
    alter column attachment_names       drop not null,
    alter column search_text            drop not null;

comment on column work_queue_past.priority_overridden is 'Whether somebody had overruled the matrix since it last judged. Null stands for false.';
comment on column work_queue_past.is_major is 'Whether it was a major incident then. Null stands for false.';
comment on column work_queue_past.hand_over_count is 'How often it had gone from one team to another: assigned away, returned or forwarded. Null stands for 0.';
comment on column work_queue_past.cross_department_count is 'How many of those hand-overs went to another department. Null stands for 0.';
comment on column work_queue_past.urge_count is 'How often somebody had pressed for progress. Null stands for 0.';
comment on column work_queue_past.cycle is 'From 1, and one more each time it was reopened. Null stands for 1.';
comment on column work_queue_past.escalation_level is 'How high management had been told; 0 for not at all. Null stands for 0.';
comment on column work_queue_past.comment_count is 'How many comments it had, internal ones included. Null stands for 0.';
comment on column work_queue_past.effort_minutes is 'The time spent on it. Null stands for 0.';
comment on column work_queue_past.feedback_given is 'Whether the requester had ever heard from the desk. Null stands for false.';
comment on column work_queue_past.archived is 'Whether it was read-only. Null stands for false.';
comment on column work_queue_past.watchers is 'Who followed it, sorted. Null stands for {}.';
comment on column work_queue_past.cis is 'The configuration items concerned, sorted. Null stands for {}.';
comment on column work_queue_past.external_references is 'Its numbers in other systems, each as "system reference", sorted. Null stands for {}.';
comment on column work_queue_past.custom_fields is 'The organisation''s own fields, by name. Null stands for {}.';
comment on column work_queue_past.attachment_names is 'The names of its files, in the order in which they came. Null stands for {}.';
comment on column work_queue_past.search_text is 'Every short text of the row in lower case, a line each, to search in. Null where there are no custom fields and no letters beyond ASCII change in lower case: then the other columns tell it.';
