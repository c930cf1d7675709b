-- Which stages an item has skipped or lacks (SD-03) is one rule of the domain
-- now, and no longer said over again in SQL: the queue keeps what the rule says
-- of each row, and asks for that. Feedback (SD-04) counts from the end of an
-- item on, in each cycle anew; what the desk says before is tracking, and has a
-- column of its own. A cancelled or merged item keeps who was told.
--
-- The program of this migration builds the queue and the details anew, in their
-- next versions. The defaults let the program before it go on until then.

alter table work_queue
    add column tracked_at       timestamptz,
    add column confirm_by       timestamptz,
    add column skips_stage      boolean not null default false,
    add column lacks_stage_from timestamptz;

comment on column work_queue.tracked_at is 'When, in this cycle and before its end, the requester or chosen people were first told how things stood.';
comment on column work_queue.confirm_by is 'Until when the requester may answer, while it is resolved.';
comment on column work_queue.skips_stage is 'Whether it has gone past a stage without it.';
comment on column work_queue.lacks_stage_from is 'After when it lacks what the stage asks for at which it stands; null where it lacks nothing.';
comment on column work_queue.feedback_given is 'Whether the requester has heard from the desk since the item was resolved, cancelled or merged, in this cycle.';

alter table work_queue_past
    add column tracked_at       timestamptz,
    add column confirm_by       timestamptz,
    add column skips_stage      boolean,
    add column lacks_stage_from timestamptz;

comment on column work_queue_past.tracked_at is 'When, in that cycle and before its end, the requester or chosen people were first told how things stood.';
comment on column work_queue_past.confirm_by is 'Until when the requester could answer, while it was resolved.';
comment on column work_queue_past.skips_stage is 'Whether it had gone past a stage without it. Null stands for false.';
comment on column work_queue_past.lacks_stage_from is 'After when it lacked what the stage asks for at which it stood; null where it lacked nothing.';
comment on column work_queue_past.feedback_given is 'Whether the requester had heard from the desk since the item was resolved, cancelled or merged, in that cycle. Null stands for false.';

alter table incident_detail
    add column told text[] collate "C" not null default '{}';

alter table incident_detail_past
    add column told text[] collate "C" not null default '{}';

comment on column incident_detail.told is 'Who was told that it was cancelled or merged.';
comment on column incident_detail_past.told is 'Who was told that it was cancelled or merged.';
