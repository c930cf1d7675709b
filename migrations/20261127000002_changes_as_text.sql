-- What a step changed is read as a whole, and never searched in. PostgreSQL
-- takes a text in four times as fast as it reads JSON, and keeping the history
-- spent more time on that than on everything else.
--
-- The program of this migration builds the history anew, in its next version.
alter table work_item_history alter column changes type text using changes::text;

comment on column work_item_history.changes is 'What changed, the status included: a list in JSON of objects with field, and before and after where there is such. Cast it to jsonb to look into it.';
