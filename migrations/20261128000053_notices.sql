-- Whoever is told of a step of a work item finds it (SD-13): the assignee and
-- the lead of the team are told of each urge, the recipients of each staged
-- result, the manager of an escalation. Rows are added and never changed.
--
-- The program of this migration builds the history anew, in its next version.

create table work_item_notice (
    person       text        not null collate "C",
    position     bigint      not null,
    item_id      uuid        not null,
    event_type   text        not null collate "C",
    actor        text        not null collate "C",
    effective_at timestamptz not null,
    recorded_at  timestamptz not null,
    text         text,
    primary key (person, position)
);

comment on table work_item_notice is 'What each person was told of work items.';
comment on column work_item_notice.person is 'Who was told.';
comment on column work_item_notice.position is 'Place in the log of the step.';
comment on column work_item_notice.item_id is 'The item.';
comment on column work_item_notice.event_type is 'What happened, as a name.';
comment on column work_item_notice.actor is 'Who did it.';
comment on column work_item_notice.effective_at is 'When it was so in the world.';
comment on column work_item_notice.recorded_at is 'When the log knew.';
comment on column work_item_notice.text is 'What was said with it.';

alter table work_item_notice owner to docket_app;
