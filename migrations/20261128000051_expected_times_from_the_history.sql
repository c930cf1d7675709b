-- An expected time that is computed (INC-08) keeps what it was computed from,
-- and the history of like items is found by category and priority. The index
-- has the items alone that are resolved; whoever is computed for is not.
--
-- The program of this migration builds the details anew, in their next version.

alter table incident_detail
    add column expected_method  text collate "C",
    add column expected_sample  integer,
    add column expected_minutes integer,
    add column expected_as_of   bigint;

alter table incident_detail_past
    add column expected_method  text collate "C",
    add column expected_sample  integer,
    add column expected_minutes integer,
    add column expected_as_of   bigint;

comment on column incident_detail.expected_method is 'By which method the expected time was computed.';
comment on column incident_detail.expected_sample is 'How many incidents it was computed from.';
comment on column incident_detail.expected_minutes is 'How many minutes they took, the median.';
comment on column incident_detail.expected_as_of is 'The position up to which they were known.';
comment on column incident_detail_past.expected_method is 'By which method the expected time was computed.';
comment on column incident_detail_past.expected_sample is 'How many incidents it was computed from.';
comment on column incident_detail_past.expected_minutes is 'How many minutes they took, the median.';
comment on column incident_detail_past.expected_as_of is 'The position up to which they were known.';

create index on work_queue (category_code, priority, opened_at)
    where resolved_at is not null;
