-- Each signed head names the size of the one before it, so that a head that was
-- taken out of their row is noticed. Heads that were signed before this column
-- was there get what the row says now.
alter table seal_checkpoints add column previous bigint;

comment on column seal_checkpoints.previous is 'The size of the head that was signed before this one: 0 for the first; nothing where the log was brought back without its earlier heads.';

alter table seal_checkpoints disable trigger seal_checkpoints_are_append_only;

update seal_checkpoints c
set previous = before.previous
from (select size, lag(size, 1, 0::bigint) over (order by size) as previous from seal_checkpoints) before
where before.size = c.size;

alter table seal_checkpoints enable always trigger seal_checkpoints_are_append_only;
