-- What items are found by that does not stand in their own rows. Rows are only
-- added: each question is asked as of any position.
--
-- The program of this migration builds the queue anew, in its next version.
create table work_queue_member (
    team_id   uuid    not null,
    person    text    not null collate "C",
    position  bigint  not null,
    is_member boolean not null,
    primary key (team_id, person, position)
);

comment on table work_queue_member is 'Who became or ceased to be a member of which team, so that the items of those who have left are found.';
comment on column work_queue_member.team_id is 'The team.';
comment on column work_queue_member.person is 'The person; the empty name stands for the team itself, while it works.';
comment on column work_queue_member.position is 'The event from which on it is so.';
comment on column work_queue_member.is_member is 'Whether the person is a member from there on.';

create table work_queue_category (
    tree_version integer not null,
    ancestor     text    not null collate "C",
    code         text    not null collate "C",
    primary key (tree_version, ancestor, code)
);

comment on table work_queue_category is 'Which category lies under which, in every version of the category tree.';
comment on column work_queue_category.tree_version is 'The version of the tree.';
comment on column work_queue_category.ancestor is 'A category.';
comment on column work_queue_category.code is 'The same category, or one somewhere below it.';

create table work_queue_reference (
    key      text   not null collate "C",
    item_id  uuid   not null,
    position bigint not null,
    primary key (key, item_id, position)
);

comment on table work_queue_reference is 'The numbers of items in other systems, in every way that people write them.';
comment on column work_queue_reference.key is 'The system and the number, folded and without blanks and leading zeros, a line each; again with the digits alone.';
comment on column work_queue_reference.item_id is 'The item.';
comment on column work_queue_reference.position is 'The event that brought the number.';

alter table work_queue_member owner to docket_app;
alter table work_queue_category owner to docket_app;
alter table work_queue_reference owner to docket_app;
