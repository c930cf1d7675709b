-- An item that others go on as says which, and is open to those who asked for
-- them. Most items have taken in none. The program before this one writes none
-- of the columns, and goes on.
--
-- The program of this migration builds both read models anew, in their next
-- versions.
alter table work_queue
    add column merged_people text[] not null default '{}';

alter table work_queue_past
    add column merged_people text[];

create index on work_queue using gin (merged_people) where merged_people <> '{}';

alter table incident_detail      add column merged_from text[];
alter table incident_detail_past add column merged_from text[];

comment on column work_queue.merged_people is 'Those whose own items go on as this one, sorted: its public side is open to them.';
comment on column work_queue_past.merged_people is 'Those whose own items went on as this one, sorted. Null stands for {}.';
comment on column incident_detail.merged_from is 'The items that go on as this one, by their ids, in the order in which they came. Null stands for {}.';
comment on column incident_detail_past.merged_from is 'The items that went on as this one, by their ids, in the order in which they came. Null stands for {}.';
