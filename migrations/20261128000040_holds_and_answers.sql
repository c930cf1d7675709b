-- A hold that was to end by now, and a requester who has answered a resolution
-- and waits for the desk, are things to do: the queue finds them. The program
-- before this one writes neither column, and goes on.
--
-- The program of this migration builds the queue anew, in its next version.
alter table work_queue
    add column hold_until                timestamptz,
    add column answered_after_resolution boolean not null default false;

alter table work_queue_past
    add column hold_until                timestamptz,
    add column answered_after_resolution boolean;

create index on work_queue (hold_until) where hold_until is not null;
create index on work_queue (opened_at, item_id) where answered_after_resolution;

comment on column work_queue.hold_until is 'Until when it waits, while it is on hold and an end was named.';
comment on column work_queue.answered_after_resolution is 'Whether the requester has answered its resolution and the desk has not.';
comment on column work_queue_past.hold_until is 'Until when it waited, while it was on hold and an end was named.';
comment on column work_queue_past.answered_after_resolution is 'Whether the requester had answered its resolution and the desk had not. Null stands for false.';
