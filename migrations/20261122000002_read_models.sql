-- The read models: what people and programs ask of the log, kept as tables by
-- the projectors. Every table here can be dropped and built again from the
-- log; the timers and the number sequence alone are state of their own.
--
-- The service's role owns them all, because a rebuild makes a table aside and
-- swaps it in, which only an owner may do. For the same reason every index has
-- the name that PostgreSQL gives it by itself: the copy's indexes are then
-- called like those of the original.

-- Every work item of every practice, one row an item. Rows are updated far
-- more often than added, mostly by comments and the like: the fill factor
-- leaves room on the page, and nothing that such an update changes is in an
-- index (`updated_at` above all), so that it touches no index at all.
create table work_queue (
    item_id               uuid        not null primary key,
    practice              text        not null collate "C",
    number                text        not null collate "C",
    summary               text        not null,
    status                text        not null collate "C",
    handling              text        not null collate "C",
    stage                 text        not null collate "C",
    is_open               boolean     not null,
    priority              smallint    not null,
    priority_overridden   boolean     not null,
    impact                text        collate "C",
    urgency               text        collate "C",
    matrix_version        integer,
    category_code         text        collate "C",
    category_tree_version integer,
    service               text        collate "C",
    requester             text        collate "C",
    affected_person       text        collate "C",
    contact_channel       text        not null collate "C",
    team_id               uuid        not null,
    team_name             text,
    line                  smallint,
    department            text        collate "C",
    person                text        collate "C",
    is_major              boolean     not null,
    hand_over_count       integer     not null,
    cross_department_count integer    not null,
    urge_count            integer     not null,
    cycle                 integer     not null,
    escalation_level      smallint    not null,
    comment_count         integer     not null,
    effort_minutes        bigint      not null,
    opened_at             timestamptz not null,
    updated_at            timestamptz not null,
    registered_at         timestamptz not null,
    expected_at           timestamptz,
    assigned_at           timestamptz,
    accepted_at           timestamptz,
    resolved_at           timestamptz,
    restored_at           timestamptz,
    closed_at             timestamptz,
    last_contact_at       timestamptz,
    feedback_given        boolean     not null,
    archived              boolean     not null,
    watchers              text[]      not null,
    cis                   text[]      not null,
    external_references   text[]      not null,
    custom_fields         jsonb       not null,
    attachment_names      text[]      not null,
    search_text           text        not null collate "C",
    version               bigint      not null,
    position              bigint      not null
) with (fillfactor = 80);

-- A page of some teams' items in some statuses is a walk along this one.
create index on work_queue (team_id, status, opened_at, item_id);
-- What is open, most important first; small, because most items are closed.
create index on work_queue (priority, opened_at, item_id) where is_open;
create index on work_queue (opened_at, item_id);
create index on work_queue (person, opened_at, item_id) where person is not null;
create index on work_queue (requester, opened_at, item_id) where requester is not null;
create index on work_queue (affected_person, opened_at, item_id) where affected_person is not null;
create index on work_queue (number);
create index on work_queue using gin (cis, watchers, external_references)
    where cis <> '{}' or watchers <> '{}' or external_references <> '{}';

comment on table work_queue is 'Every work item of every practice as it stands: the queue that agents work from.';
comment on column work_queue.item_id is 'The item''s identity, that of its aggregate in the log.';
comment on column work_queue.practice is 'The practice that the item belongs to, such as incident.';
comment on column work_queue.number is 'What people call the item; unique in its practice.';
comment on column work_queue.summary is 'What it is about, in one line.';
comment on column work_queue.status is 'Where it stands, in its practice''s own words.';
comment on column work_queue.handling is 'How far the hand-over to the team has come: Unassigned, Assigned, Accepted or Returned.';
comment on column work_queue.stage is 'What the status means in any practice: Open, Suspended, Resolved, Closed or Ended.';
comment on column work_queue.is_open is 'Whether it still accepts work: open, suspended or resolved.';
comment on column work_queue.priority is 'From 1, the most important, to 5; 0 while it has not been judged.';
comment on column work_queue.priority_overridden is 'Whether somebody overruled the matrix since it last judged.';
comment on column work_queue.impact is 'How much of the business is affected: High, Medium or Low.';
comment on column work_queue.urgency is 'How soon a solution is needed: High, Medium or Low.';
comment on column work_queue.matrix_version is 'The version of the priority matrix that it was judged by.';
comment on column work_queue.category_code is 'What it is filed under.';
comment on column work_queue.category_tree_version is 'The version of the category tree that the category was taken from.';
comment on column work_queue.service is 'The service concerned.';
comment on column work_queue.requester is 'Who asked.';
comment on column work_queue.affected_person is 'Who suffers from it, where that is somebody else.';
comment on column work_queue.contact_channel is 'How the first contact was made.';
comment on column work_queue.team_id is 'The team that has it; the nil UUID while none has.';
comment on column work_queue.team_name is 'The team''s name as of the assignment.';
comment on column work_queue.line is 'The team''s support line as of the assignment, 1 to 3.';
comment on column work_queue.department is 'The team''s department as of the assignment.';
comment on column work_queue.person is 'The person who has it.';
comment on column work_queue.is_major is 'Whether it is a major incident now.';
comment on column work_queue.hand_over_count is 'How often it went from one team to another: assigned away, returned or forwarded.';
comment on column work_queue.cross_department_count is 'How many of those hand-overs went to another department.';
comment on column work_queue.urge_count is 'How often somebody pressed for progress.';
comment on column work_queue.cycle is 'From 1, and one more each time it is reopened.';
comment on column work_queue.escalation_level is 'How high management has been told; 0 for not at all.';
comment on column work_queue.comment_count is 'How many comments it has, internal ones included.';
comment on column work_queue.effort_minutes is 'The time spent on it.';
comment on column work_queue.opened_at is 'When the first contact was made.';
comment on column work_queue.updated_at is 'When the last event was so in the world.';
comment on column work_queue.registered_at is 'When the log knew of it first.';
comment on column work_queue.expected_at is 'When it is expected to be resolved.';
comment on column work_queue.assigned_at is 'When it was first assigned.';
comment on column work_queue.accepted_at is 'When a team first accepted it.';
comment on column work_queue.resolved_at is 'When it was resolved, unless that was taken back.';
comment on column work_queue.restored_at is 'When the service worked again, in this cycle.';
comment on column work_queue.closed_at is 'When it was closed, cancelled or merged, unless it was reopened.';
comment on column work_queue.last_contact_at is 'When the requester last heard from the desk.';
comment on column work_queue.feedback_given is 'Whether the requester has ever heard from the desk.';
comment on column work_queue.archived is 'Whether it is read-only.';
comment on column work_queue.watchers is 'Who follows it, sorted.';
comment on column work_queue.cis is 'The configuration items concerned, sorted.';
comment on column work_queue.external_references is 'Its numbers in other systems, each as "system reference", sorted.';
comment on column work_queue.custom_fields is 'The organisation''s own fields, by name.';
comment on column work_queue.attachment_names is 'The names of its files, in the order in which they came.';
comment on column work_queue.search_text is 'Every short text of the row in lower case, a line each, to search in.';
comment on column work_queue.version is 'The sequence of the last event of the item.';
comment on column work_queue.position is 'The position of the last event of the item.';

-- Long texts are searched where they cannot make the queue's own rows heavy.
create table work_queue_text (
    item_id   uuid    not null,
    position  bigint  not null,
    is_public boolean not null,
    body      text    not null collate "C",
    primary key (item_id, position, is_public)
);

comment on table work_queue_text is 'What was written about each item in more than a line, to search in.';
comment on column work_queue_text.item_id is 'The item.';
comment on column work_queue_text.position is 'The event that brought the text.';
comment on column work_queue_text.is_public is 'Whether the requester may read it.';
comment on column work_queue_text.body is 'The text in lower case.';

create table work_queue_count (
    practice text     not null collate "C",
    team_id  uuid     not null,
    status   text     not null collate "C",
    priority smallint not null,
    items    bigint   not null,
    primary key (practice, team_id, status, priority)
) with (fillfactor = 20);

comment on table work_queue_count is 'How many items each team has in each status and priority, so that counting takes no time.';
comment on column work_queue_count.practice is 'The practice.';
comment on column work_queue_count.team_id is 'The team; the nil UUID for items that no team has.';
comment on column work_queue_count.status is 'The status.';
comment on column work_queue_count.priority is 'The priority; 0 for items not judged yet.';
comment on column work_queue_count.items is 'How many items there are, always more than 0.';

-- What an incident has beyond what the queue shows of every work item.
create table incident_detail (
    item_id                   uuid    not null primary key,
    description               text,
    diagnosing                boolean not null,
    hypothesis                text,
    last_finding              text,
    workaround                text,
    expected_basis            text    collate "C",
    expected_reason           text,
    hold_reason               text    collate "C",
    hold_text                 text,
    hold_until                timestamptz,
    resolution_code           text,
    resolution_cause          text,
    resolution_solution       text,
    resolution_knowledge      text    collate "C",
    resolved_at_first_contact boolean not null,
    confirm_by                timestamptz,
    closed_by                 text    collate "C",
    no_feedback_reason        text,
    reopen_until              timestamptz,
    reopen_reason             text,
    cancel_reason             text,
    major_leader              text    collate "C",
    major_reason              text,
    review                    text    not null collate "C",
    review_cause              text    collate "C",
    review_text               text,
    merged_into               uuid,
    merged_into_number        text    collate "C",
    correction_count          integer not null
) with (fillfactor = 80);

comment on table incident_detail is 'What an incident has beyond what the queue shows of every work item.';
comment on column incident_detail.item_id is 'The incident.';
comment on column incident_detail.description is 'What it is about, in full.';
comment on column incident_detail.diagnosing is 'Whether somebody looks for the cause.';
comment on column incident_detail.hypothesis is 'What was last suspected.';
comment on column incident_detail.last_finding is 'What was last found out.';
comment on column incident_detail.workaround is 'How the effect was last lessened.';
comment on column incident_detail.expected_basis is 'What the expected time rests on: Computed or Adjusted.';
comment on column incident_detail.expected_reason is 'Why the expected time was adjusted.';
comment on column incident_detail.hold_reason is 'What it waits for, while it is on hold.';
comment on column incident_detail.hold_text is 'The same in somebody''s words.';
comment on column incident_detail.hold_until is 'Until when it waits.';
comment on column incident_detail.resolution_code is 'How it ended.';
comment on column incident_detail.resolution_cause is 'What caused it.';
comment on column incident_detail.resolution_solution is 'What ended it.';
comment on column incident_detail.resolution_knowledge is 'The article that helped.';
comment on column incident_detail.resolved_at_first_contact is 'Whether the first line resolved it at the first contact.';
comment on column incident_detail.confirm_by is 'Until when the requester may answer, while it is resolved.';
comment on column incident_detail.closed_by is 'Who closed it: Requester, Desk or Timeout.';
comment on column incident_detail.no_feedback_reason is 'Why the requester has heard nothing, where that is so.';
comment on column incident_detail.reopen_until is 'Until when it may be reopened.';
comment on column incident_detail.reopen_reason is 'Why it was last reopened.';
comment on column incident_detail.cancel_reason is 'Why it was cancelled.';
comment on column incident_detail.major_leader is 'Who leads it while it is a major incident.';
comment on column incident_detail.major_reason is 'Why it was last declared a major incident, or stood down.';
comment on column incident_detail.review is 'Whether a review is asked for: None, Due or Completed.';
comment on column incident_detail.review_cause is 'What last asked for a review.';
comment on column incident_detail.review_text is 'What the last review taught.';
comment on column incident_detail.merged_into is 'The item that it goes on as.';
comment on column incident_detail.merged_into_number is 'That item''s number.';
comment on column incident_detail.correction_count is 'How many steps of a history taken over the process forbids.';

-- Rows are added and never changed; the one index serves a page of an item's
-- history as well as the projector, which looks for the item's last status.
create table work_item_history (
    item_id        uuid        not null,
    position       bigint      not null,
    practice       text        not null collate "C",
    sequence       bigint      not null,
    event_type     text        not null collate "C",
    effective_at   timestamptz not null,
    recorded_at    timestamptz not null,
    actor          text        not null collate "C",
    role           text        collate "C",
    on_behalf_of   text        collate "C",
    channel        text        collate "C",
    rule           text        collate "C",
    command_id     uuid        not null,
    correlation_id text        collate "C",
    causation_id   text        collate "C",
    reason         text,
    text           text,
    visibility     text        collate "C",
    from_requester boolean,
    status_before  text        collate "C",
    status         text        not null collate "C",
    changes        jsonb       not null,
    primary key (item_id, position)
);

comment on table work_item_history is 'Everything that ever happened to each work item, a row an event.';
comment on column work_item_history.item_id is 'The item.';
comment on column work_item_history.position is 'Place in the log.';
comment on column work_item_history.practice is 'The practice that the item belongs to.';
comment on column work_item_history.sequence is 'Place among the item''s events, from 1.';
comment on column work_item_history.event_type is 'What happened, as a name.';
comment on column work_item_history.effective_at is 'When it was so in the world.';
comment on column work_item_history.recorded_at is 'When the log knew.';
comment on column work_item_history.actor is 'Who acted.';
comment on column work_item_history.role is 'In which role.';
comment on column work_item_history.on_behalf_of is 'For whom, where that is somebody else.';
comment on column work_item_history.channel is 'The door through which the command came.';
comment on column work_item_history.rule is 'The rule by which a machine acted, as name@version.';
comment on column work_item_history.command_id is 'The command that caused it.';
comment on column work_item_history.correlation_id is 'What ties together all that follows from one cause.';
comment on column work_item_history.causation_id is 'What directly caused it.';
comment on column work_item_history.reason is 'Why, in somebody''s words.';
comment on column work_item_history.text is 'What was written: a comment, a finding, a notice, a solution.';
comment on column work_item_history.visibility is 'Who may read a comment: Public or Internal.';
comment on column work_item_history.from_requester is 'Whether a comment is the requester''s own.';
comment on column work_item_history.status_before is 'The status before, where the event changed it.';
comment on column work_item_history.status is 'The status after the event.';
comment on column work_item_history.changes is 'What changed: a list of objects with field, before and after.';

create table work_item_link (
    source        uuid   not null,
    relation      text   not null collate "C",
    target        uuid   not null,
    target_number text   not null collate "C",
    position      bigint not null,
    primary key (source, relation, target)
);

create index on work_item_link (target, relation, source);

comment on table work_item_link is 'How work items stand to each other, as the one that holds the link says it.';
comment on column work_item_link.source is 'The item that holds the link.';
comment on column work_item_link.relation is 'How it stands to the other, such as DuplicateOf.';
comment on column work_item_link.target is 'The other item.';
comment on column work_item_link.target_number is 'The other item''s number.';
comment on column work_item_link.position is 'The event that made the link.';

create table event_index (
    position       bigint      not null primary key,
    event_type     text        not null collate "C",
    aggregate_type text        not null collate "C",
    aggregate_id   uuid        not null,
    actor          text        not null collate "C",
    channel        text        collate "C",
    effective_at   timestamptz not null,
    recorded_at    timestamptz not null
);

create index on event_index (event_type, position);
create index on event_index (actor, position);
create index on event_index (aggregate_id, position);
-- Mostly these times follow the position closely enough for summaries of page
-- ranges; the time of recording is a position, and needs no index.
create index on event_index using brin (effective_at);

comment on table event_index is 'The log by type, actor, object and time; the events themselves stay in the log.';
comment on column event_index.position is 'Place in the log.';
comment on column event_index.event_type is 'What happened, as a name.';
comment on column event_index.aggregate_type is 'What kind of object it happened to.';
comment on column event_index.aggregate_id is 'Which object.';
comment on column event_index.actor is 'Who acted.';
comment on column event_index.channel is 'The door through which the command came.';
comment on column event_index.effective_at is 'When it was so in the world.';
comment on column event_index.recorded_at is 'When the log knew.';

create table timers (
    process         text        not null collate "C",
    key             uuid        not null,
    due_at          timestamptz not null,
    parked          boolean     not null,
    source_position bigint      not null,
    primary key (process, key)
);

create index on timers (process, due_at, key) where not parked;

comment on table timers is 'What process managers will do when a moment comes.';
comment on column timers.process is 'The process manager.';
comment on column timers.key is 'What the timer is about, such as a work item.';
comment on column timers.due_at is 'When it is to be acted upon.';
comment on column timers.parked is 'Whether it was due and could not be acted upon; it waits for something to change.';
comment on column timers.source_position is 'The event that set it.';

create sequence incident_number as bigint;

comment on sequence incident_number is 'The last number given to an incident. Numbers may be left out, never given twice.';

-- One row a projection, moved with every batch.
alter table checkpoints set (fillfactor = 20);

alter table work_queue owner to docket_app;
alter table work_queue_text owner to docket_app;
alter table work_queue_count owner to docket_app;
alter table incident_detail owner to docket_app;
alter table work_item_history owner to docket_app;
alter table work_item_link owner to docket_app;
alter table event_index owner to docket_app;
alter table timers owner to docket_app;
alter sequence incident_number owner to docket_app;
