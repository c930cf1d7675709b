-- Lists and counts as of any position of the log, at a cost that does not grow
-- with the log.
--
-- A row of a read model is valid from its position on. Until now an event
-- overwrote the row that it changed; now the version before goes into a table
-- beside, with the position of that event: it was valid from its own position
-- up to, and not including, `valid_to`. Those tables are only added to, and the
-- tables of what is valid still stay as they are, so that updates go on to
-- touch no index. As of a position, a row is the one of the two that was valid
-- there.
--
-- Most versions do not last: a stab finds them through `fork_node`, one number
-- of their interval that has the most trailing zeros in binary. Any version
-- that is valid at a position has one of some forty such numbers, and all
-- versions with the same number were valid at the same time, so that what is
-- looked at follows the backlog of then. Versions that last, those of ended
-- items, are walked along in the order of the list instead, as the live ones
-- are.
--
-- The program of this migration builds the read models that change anew, in
-- their next version. The defaults let the program before it go on until then.

create table work_queue_past (
    item_id               uuid        not null,
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
    position              bigint      not null,
    valid_to              bigint      not null,
    fork_node             bigint      not null,
    primary key (item_id, position)
);

-- A stab tells by the two ends what it has found, without a look at the rows.
create index on work_queue_past (fork_node, team_id, status, position, valid_to);
create index on work_queue_past (team_id, status, opened_at, item_id) where not is_open;
create index on work_queue_past (opened_at, item_id) where not is_open;
create index on work_queue_past (person, opened_at, item_id) where not is_open and person is not null;
create index on work_queue_past (requester, opened_at, item_id) where not is_open and requester is not null;
create index on work_queue_past (affected_person, opened_at, item_id) where not is_open and affected_person is not null;

comment on table work_queue_past is 'Every version that a row of work_queue had before the one it has now.';
comment on column work_queue_past.item_id is 'The item''s identity, that of its aggregate in the log.';
comment on column work_queue_past.practice is 'The practice that the item belongs to, such as incident.';
comment on column work_queue_past.number is 'What people call the item; unique in its practice.';
comment on column work_queue_past.summary is 'What it is about, in one line.';
comment on column work_queue_past.status is 'Where it stands, in its practice''s own words.';
comment on column work_queue_past.handling is 'How far the hand-over to the team has come: Unassigned, Assigned, Accepted or Returned.';
comment on column work_queue_past.stage is 'What the status means in any practice: Open, Suspended, Resolved, Closed or Ended.';
comment on column work_queue_past.is_open is 'Whether it still accepts work: open, suspended or resolved.';
comment on column work_queue_past.priority is 'From 1, the most important, to 5; 0 while it has not been judged.';
comment on column work_queue_past.priority_overridden is 'Whether somebody overruled the matrix since it last judged.';
comment on column work_queue_past.impact is 'How much of the business is affected: High, Medium or Low.';
comment on column work_queue_past.urgency is 'How soon a solution is needed: High, Medium or Low.';
comment on column work_queue_past.matrix_version is 'The version of the priority matrix that it was judged by.';
comment on column work_queue_past.category_code is 'What it is filed under.';
comment on column work_queue_past.category_tree_version is 'The version of the category tree that the category was taken from.';
comment on column work_queue_past.service is 'The service concerned.';
comment on column work_queue_past.requester is 'Who asked.';
comment on column work_queue_past.affected_person is 'Who suffers from it, where that is somebody else.';
comment on column work_queue_past.contact_channel is 'How the first contact was made.';
comment on column work_queue_past.team_id is 'The team that has it; the nil UUID while none has.';
comment on column work_queue_past.team_name is 'The team''s name as of the assignment.';
comment on column work_queue_past.line is 'The team''s support line as of the assignment, 1 to 3.';
comment on column work_queue_past.department is 'The team''s department as of the assignment.';
comment on column work_queue_past.person is 'The person who has it.';
comment on column work_queue_past.is_major is 'Whether it is a major incident now.';
comment on column work_queue_past.hand_over_count is 'How often it went from one team to another: assigned away, returned or forwarded.';
comment on column work_queue_past.cross_department_count is 'How many of those hand-overs went to another department.';
comment on column work_queue_past.urge_count is 'How often somebody pressed for progress.';
comment on column work_queue_past.cycle is 'From 1, and one more each time it is reopened.';
comment on column work_queue_past.escalation_level is 'How high management has been told; 0 for not at all.';
comment on column work_queue_past.comment_count is 'How many comments it has, internal ones included.';
comment on column work_queue_past.effort_minutes is 'The time spent on it.';
comment on column work_queue_past.opened_at is 'When the first contact was made.';
comment on column work_queue_past.updated_at is 'When the last event was so in the world.';
comment on column work_queue_past.registered_at is 'When the log knew of it first.';
comment on column work_queue_past.expected_at is 'When it is expected to be resolved.';
comment on column work_queue_past.assigned_at is 'When it was first assigned.';
comment on column work_queue_past.accepted_at is 'When a team first accepted it.';
comment on column work_queue_past.resolved_at is 'When it was resolved, unless that was taken back.';
comment on column work_queue_past.restored_at is 'When the service worked again, in this cycle.';
comment on column work_queue_past.closed_at is 'When it was closed, cancelled or merged, unless it was reopened.';
comment on column work_queue_past.last_contact_at is 'When the requester last heard from the desk.';
comment on column work_queue_past.feedback_given is 'Whether the requester has ever heard from the desk.';
comment on column work_queue_past.archived is 'Whether it is read-only.';
comment on column work_queue_past.watchers is 'Who follows it, sorted.';
comment on column work_queue_past.cis is 'The configuration items concerned, sorted.';
comment on column work_queue_past.external_references is 'Its numbers in other systems, each as "system reference", sorted.';
comment on column work_queue_past.custom_fields is 'The organisation''s own fields, by name.';
comment on column work_queue_past.attachment_names is 'The names of its files, in the order in which they came.';
comment on column work_queue_past.search_text is 'Every short text of the row in lower case, a line each, to search in.';
comment on column work_queue_past.version is 'The sequence of the event that made the version.';
comment on column work_queue_past.position is 'The event that made the version: from there on it was valid.';
comment on column work_queue_past.valid_to is 'The event that superseded the version: there it was no longer valid.';
comment on column work_queue_past.fork_node is 'The number of the version''s interval by which a stab finds it.';

-- Details change with few events. Their position is that of the event that last
-- changed one of them, not that of the item's last event.
alter table incident_detail add column position bigint not null default 0;

comment on column incident_detail.position is 'The position of the last event that changed a detail.';

create table incident_detail_past (
    item_id                   uuid    not null,
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
    correction_count          integer not null,
    position                  bigint  not null,
    valid_to                  bigint  not null,
    fork_node                 bigint  not null,
    primary key (item_id, position)
);

comment on table incident_detail_past is 'Every version that a row of incident_detail had before the one it has now.';
comment on column incident_detail_past.item_id is 'The incident.';
comment on column incident_detail_past.description is 'What it is about, in full.';
comment on column incident_detail_past.diagnosing is 'Whether somebody looks for the cause.';
comment on column incident_detail_past.hypothesis is 'What was last suspected.';
comment on column incident_detail_past.last_finding is 'What was last found out.';
comment on column incident_detail_past.workaround is 'How the effect was last lessened.';
comment on column incident_detail_past.expected_basis is 'What the expected time rests on: Computed or Adjusted.';
comment on column incident_detail_past.expected_reason is 'Why the expected time was adjusted.';
comment on column incident_detail_past.hold_reason is 'What it waits for, while it is on hold.';
comment on column incident_detail_past.hold_text is 'The same in somebody''s words.';
comment on column incident_detail_past.hold_until is 'Until when it waits.';
comment on column incident_detail_past.resolution_code is 'How it ended.';
comment on column incident_detail_past.resolution_cause is 'What caused it.';
comment on column incident_detail_past.resolution_solution is 'What ended it.';
comment on column incident_detail_past.resolution_knowledge is 'The article that helped.';
comment on column incident_detail_past.resolved_at_first_contact is 'Whether the first line resolved it at the first contact.';
comment on column incident_detail_past.confirm_by is 'Until when the requester may answer, while it is resolved.';
comment on column incident_detail_past.closed_by is 'Who closed it: Requester, Desk or Timeout.';
comment on column incident_detail_past.no_feedback_reason is 'Why the requester has heard nothing, where that is so.';
comment on column incident_detail_past.reopen_until is 'Until when it may be reopened.';
comment on column incident_detail_past.reopen_reason is 'Why it was last reopened.';
comment on column incident_detail_past.cancel_reason is 'Why it was cancelled.';
comment on column incident_detail_past.major_leader is 'Who leads it while it is a major incident.';
comment on column incident_detail_past.major_reason is 'Why it was last declared a major incident, or stood down.';
comment on column incident_detail_past.review is 'Whether a review is asked for: None, Due or Completed.';
comment on column incident_detail_past.review_cause is 'What last asked for a review.';
comment on column incident_detail_past.review_text is 'What the last review taught.';
comment on column incident_detail_past.merged_into is 'The item that it goes on as.';
comment on column incident_detail_past.merged_into_number is 'That item''s number.';
comment on column incident_detail_past.correction_count is 'How many steps of a history taken over the process forbids.';
comment on column incident_detail_past.position is 'The event that made the version: from there on it was valid.';
comment on column incident_detail_past.valid_to is 'The event that superseded the version: there it was no longer valid.';
comment on column incident_detail_past.fork_node is 'The number of the version''s interval by which a stab finds it.';

create table work_item_link_past (
    source        uuid   not null,
    relation      text   not null collate "C",
    target        uuid   not null,
    target_number text   not null collate "C",
    position      bigint not null,
    valid_to      bigint not null,
    primary key (source, relation, target, position)
);

create index on work_item_link_past (target, relation, source);

comment on table work_item_link_past is 'The links that there were once, as the item that held each of them said it.';
comment on column work_item_link_past.source is 'The item that held the link.';
comment on column work_item_link_past.relation is 'How it stood to the other, such as DuplicateOf.';
comment on column work_item_link_past.target is 'The other item.';
comment on column work_item_link_past.target_number is 'The other item''s number.';
comment on column work_item_link_past.position is 'The event that made the link: from there on it was valid.';
comment on column work_item_link_past.valid_to is 'The event that took the link away: there it was no longer valid.';

-- The kept counts of then. A row for each event would be several rows an event;
-- what is kept is the last one of each block of positions, and the few events
-- since the last block are counted as they are asked for. The rows of groups
-- that have become empty stay, so that nobody has to look for the groups that
-- there were once.
alter table work_queue_count
    add column team_name          text,
    add column earliest_opened_at timestamptz not null default to_timestamp(0),
    add column latest_opened_at   timestamptz not null default to_timestamp(0),
    add column position           bigint      not null default 0;

comment on column work_queue_count.items is 'How many items there are; 0 once the last one has left.';
comment on column work_queue_count.team_name is 'The team''s name as of the last item that came in.';
comment on column work_queue_count.earliest_opened_at is 'The earliest first contact of all items that were ever in the group.';
comment on column work_queue_count.latest_opened_at is 'The latest first contact of all items that were ever in the group.';
comment on column work_queue_count.position is 'The event that last changed the group.';

create table work_queue_count_past (
    practice           text        not null collate "C",
    team_id            uuid        not null,
    status             text        not null collate "C",
    priority           smallint    not null,
    position           bigint      not null,
    items              bigint      not null,
    team_name          text,
    earliest_opened_at timestamptz not null,
    latest_opened_at   timestamptz not null,
    primary key (practice, team_id, status, priority, position)
);

comment on table work_queue_count_past is 'How many items each team had in each status and priority, at the end of each block of positions in which that changed.';
comment on column work_queue_count_past.practice is 'The practice.';
comment on column work_queue_count_past.team_id is 'The team; the nil UUID for items that no team had.';
comment on column work_queue_count_past.status is 'The status.';
comment on column work_queue_count_past.priority is 'The priority; 0 for items not judged yet.';
comment on column work_queue_count_past.position is 'The last event of the block that changed the group.';
comment on column work_queue_count_past.items is 'How many items there were after it.';
comment on column work_queue_count_past.team_name is 'The team''s name as of the last item that had come in.';
comment on column work_queue_count_past.earliest_opened_at is 'The earliest first contact of all items that had ever been in the group.';
comment on column work_queue_count_past.latest_opened_at is 'The latest first contact of all items that had ever been in the group.';

alter table work_queue_past owner to docket_app;
alter table work_queue_count_past owner to docket_app;
alter table incident_detail_past owner to docket_app;
alter table work_item_link_past owner to docket_app;
