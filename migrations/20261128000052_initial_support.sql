-- What the first line gave at the first contact (SD-14) is shown by itself.
--
-- The program of this migration builds the details anew, in their next version.

alter table incident_detail
    add column initial_answer     text,
    add column initial_article    text collate "C",
    add column initial_workaround text;

alter table incident_detail_past
    add column initial_answer     text,
    add column initial_article    text collate "C",
    add column initial_workaround text;

comment on column incident_detail.initial_answer is 'What the requester was told at the first contact.';
comment on column incident_detail.initial_article is 'The article that was used at the first contact.';
comment on column incident_detail.initial_workaround is 'How the effect was lessened at the first contact.';
comment on column incident_detail_past.initial_answer is 'What the requester was told at the first contact.';
comment on column incident_detail_past.initial_article is 'The article that was used at the first contact.';
comment on column incident_detail_past.initial_workaround is 'How the effect was lessened at the first contact.';
