-- The log: one append-only table with one total order, the lock that orders
-- appends, the keys that must be unique, and how far each projection has read.
--
-- All names are unqualified: the schema that is current when this runs is the
-- log's schema, so that a tenant is a schema and nothing else.

-- What the service runs as. Roles belong to the server and not to a database,
-- so another database may have made this one already, or be making it now.
do $$
declare
    -- Since PostgreSQL 16 a membership may come without the right to act as
    -- the role, and the maker of a role has just such a one.
    needed text := case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end;
begin
    for attempt in 1..20 loop
        begin
            if not exists (select from pg_roles where rolname = 'docket_app') then
                create role docket_app nologin;
            end if;
            if not pg_has_role(current_user, 'docket_app', needed) then
                execute format('grant docket_app to %I', current_user);
            end if;
            exit;
        exception
            when insufficient_privilege then
                raise exception using
                    errcode = 'insufficient_privilege',
                    message = format('the role "%s" may not create or grant the role "docket_app"', current_user),
                    hint = format('As a superuser, run once: create role docket_app nologin; grant docket_app to %I;', current_user);
            -- Somebody else made or granted the same role at the same moment.
            when unique_violation or duplicate_object or internal_error then
                if attempt = 20 then
                    raise;
                end if;
        end;
    end loop;
end;
$$;

create table events (
    position       bigint      not null primary key,
    aggregate_type text        not null collate "C",
    aggregate_id   text        not null collate "C",
    sequence       bigint      not null,
    event_type     text        not null collate "C",
    event_version  text        not null collate "C",
    payload        json        not null,
    metadata       json        not null,
    command_id     uuid        not null,
    command_index  smallint    not null,
    request_hash   bytea,
    recorded_at    timestamptz not null,
    constraint events_stream unique (aggregate_type, aggregate_id, sequence),
    constraint events_command unique (command_id, command_index),
    constraint events_numbered_from_one check (position > 0 and sequence > 0),
    constraint events_request_hash check ((command_index = 0) = (request_hash is not null))
);

comment on table events is 'The log. Rows are added, in the order of position, and never changed or removed.';
comment on column events.position is 'Place in the one order of the log: from 1, without a gap, in commit order.';
comment on column events.sequence is 'Place in the stream of its aggregate: from 1, without a gap.';
comment on column events.payload is 'RFC 8785 canonical JSON, byte for byte what seals are computed over.';
comment on column events.metadata is 'RFC 8785 canonical JSON: who, in which role, why, and effective when.';
comment on column events.command_id is 'The command that caused the event; the same command is never stored twice.';
comment on column events.command_index is 'Place among the events of its command, from 0.';
comment on column events.request_hash is 'Hash of the command''s content, on its first event: tells a repetition from a reused id.';
comment on column events.recorded_at is 'When the log knew. Never decreases with position.';

-- One row. Whoever holds its lock may append. The low fill factor keeps its
-- many versions on the page, where they are pruned without vacuum.
create table log_head (
    only_row    boolean     not null primary key default true check (only_row),
    position    bigint      not null,
    recorded_at timestamptz
) with (fillfactor = 10);

comment on table log_head is 'The last position of the log, and the lock that orders appends.';

insert into log_head (position) values (0);

create table reservations (
    scope          text not null collate "C",
    key            text not null collate "C",
    aggregate_type text not null collate "C",
    aggregate_id   text not null collate "C",
    primary key (scope, key)
);

comment on table reservations is 'Keys that only one aggregate may hold: ticket numbers, logins, references of outside systems.';

create table checkpoints (
    name     text    not null,
    version  integer not null,
    position bigint  not null,
    primary key (name, version)
);

comment on table checkpoints is 'The last position that each version of a projection has applied.';

-- The log is append-only for everybody, the owner and superusers included,
-- and also where a session pretends to be a replica. The triggers fire once
-- a statement, so that they refuse even where no row would be touched.
create function refuse_change_of_log() returns trigger
language plpgsql
as $$
begin
    raise exception using
        errcode = 'insufficient_privilege',
        message = format('the log is append-only: %s on "%s" is refused', lower(tg_op), tg_table_name),
        hint = 'Correct a mistake with a further event that says so.';
end;
$$;

create trigger events_are_append_only
    before update or delete or truncate on events
    for each statement execute function refuse_change_of_log();
alter table events enable always trigger events_are_append_only;

create trigger reservations_are_append_only
    before update or delete or truncate on reservations
    for each statement execute function refuse_change_of_log();
alter table reservations enable always trigger reservations_are_append_only;

create trigger log_head_stays
    before delete or truncate on log_head
    for each statement execute function refuse_change_of_log();
alter table log_head enable always trigger log_head_stays;

-- Appends a batch of commits, each of which succeeds or is refused alone.
--
-- The arrays are the events, in order; a commit is the events of one command,
-- and its first one (command_index 0) speaks for it: the version that it was
-- decided on is the one before its sequence. The answer is one row for the
-- batch, and one for each commit that was refused; all others were numbered
-- in their order from the first position on.
--
-- A function and not one statement: under READ COMMITTED a statement's
-- snapshot is taken before it waits for the head's lock and would not see what
-- another replica committed meanwhile. Here each statement takes a fresh one.
--
-- The caller sees to it that within a batch no stream, no command and no key
-- occurs in two commits.
create function append_batch(
    aggregate_types      text[],
    aggregate_ids        text[],
    sequences            bigint[],
    event_types          text[],
    event_versions       text[],
    payloads             text[],
    metadata             text[],
    command_ids          uuid[],
    command_indexes      smallint[],
    request_hashes       bytea[],
    reservation_commands uuid[],
    reservation_types    text[],
    reservation_ids      text[],
    reservation_scopes   text[],
    reservation_keys     text[]
) returns table (
    outcome         text,
    refused_command uuid,
    first_position  bigint,
    last_position   bigint,
    version         bigint,
    recorded_at     timestamptz,
    taken_scope     text,
    taken_key       text,
    holder          text
)
language plpgsql
security definer
as $$
#variable_conflict use_column
declare
    head_position  bigint;
    batch_time     timestamptz;
    without_key    uuid[] := '{}';
    refused        uuid[];
    stored         bigint := cardinality(command_ids);
begin
    -- From here on this is the only append. A clock that was set back does
    -- not take the log with it.
    update log_head h
    set position = h.position + stored, recorded_at = greatest(clock_timestamp(), h.recorded_at)
    where h.only_row
    returning h.position - stored, h.recorded_at into strict head_position, batch_time;

    if cardinality(reservation_keys) > 0 then
        select coalesce(array_agg(r.command_id), '{}') into without_key
        from unnest(reservation_commands, reservation_types, reservation_ids, reservation_scopes, reservation_keys)
            as r (command_id, aggregate_type, aggregate_id, scope, key)
        cross join lateral (
            select h.aggregate_type, h.aggregate_id
            from reservations h
            where h.scope = r.scope and h.key = r.key
            limit 1
        ) held
        where (held.aggregate_type, held.aggregate_id) <> (r.aggregate_type, r.aggregate_id);
    end if;

    select array_agg(c.command_id) into refused
    from unnest(aggregate_types, aggregate_ids, sequences, command_ids, command_indexes)
        as c (aggregate_type, aggregate_id, sequence, command_id, command_index)
    where c.command_index = 0
        and (
            c.sequence <> 1 + coalesce((
                select e.sequence
                from events e
                where e.aggregate_type = c.aggregate_type and e.aggregate_id = c.aggregate_id
                order by e.sequence desc
                limit 1
            ), 0)
            or (
                select e.position
                from events e
                where e.command_id = c.command_id and e.command_index = 0
                limit 1
            ) is not null
            or c.command_id = any (without_key)
        );

    if refused is null then
        insert into events (
            position, aggregate_type, aggregate_id, sequence, event_type, event_version,
            payload, metadata, command_id, command_index, request_hash, recorded_at
        )
        select
            head_position + n.ordinal, n.aggregate_type, n.aggregate_id, n.sequence, n.event_type,
            n.event_version, n.payload::json, n.metadata::json, n.command_id, n.command_index,
            n.request_hash, batch_time
        from unnest(
            aggregate_types, aggregate_ids, sequences, event_types, event_versions, payloads, metadata,
            command_ids, command_indexes, request_hashes
        ) with ordinality as n (
            aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
            command_id, command_index, request_hash, ordinal
        );
    else
        insert into events (
            position, aggregate_type, aggregate_id, sequence, event_type, event_version,
            payload, metadata, command_id, command_index, request_hash, recorded_at
        )
        select
            head_position + row_number() over (order by n.ordinal),
            n.aggregate_type, n.aggregate_id, n.sequence, n.event_type,
            n.event_version, n.payload::json, n.metadata::json, n.command_id, n.command_index,
            n.request_hash, batch_time
        from unnest(
            aggregate_types, aggregate_ids, sequences, event_types, event_versions, payloads, metadata,
            command_ids, command_indexes, request_hashes
        ) with ordinality as n (
            aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
            command_id, command_index, request_hash, ordinal
        )
        where n.command_id <> all (refused);
        get diagnostics stored = row_count;

        update log_head h
        set position = head_position + stored,
            recorded_at = (select e.recorded_at from events e where e.position = head_position + stored)
        where h.only_row;
    end if;

    if cardinality(reservation_keys) > 0 then
        insert into reservations (scope, key, aggregate_type, aggregate_id)
        select r.scope, r.key, r.aggregate_type, r.aggregate_id
        from unnest(reservation_commands, reservation_types, reservation_ids, reservation_scopes, reservation_keys)
            as r (command_id, aggregate_type, aggregate_id, scope, key)
        where r.command_id <> all (coalesce(refused, '{}'))
        on conflict (scope, key) do nothing;
    end if;

    outcome := 'batch';
    first_position := head_position + 1;
    last_position := head_position + stored;
    recorded_at := batch_time;
    return next;

    if stored > 0 then
        -- Once a batch: notifying takes a lock of the whole server at commit.
        perform pg_notify('docket_events', last_position::text);
    end if;

    if refused is not null then
        return query
        select
            case
                when known.position is null and stream.sequence + 1 <> c.sequence then 'conflict'
                when known.position is null then 'taken'
                when known.request_hash = c.request_hash
                    and known.aggregate_type = c.aggregate_type
                    and known.aggregate_id = c.aggregate_id then 'duplicate'
                else 'reused'
            end,
            c.command_id, known.position, finish.position,
            coalesce(finish.sequence, stream.sequence), known.recorded_at,
            held.scope, held.key, held.aggregate_id
        from unnest(aggregate_types, aggregate_ids, sequences, command_ids, command_indexes, request_hashes)
            as c (aggregate_type, aggregate_id, sequence, command_id, command_index, request_hash)
        cross join lateral (
            select coalesce(max(e.sequence), 0) as sequence
            from events e
            where e.aggregate_type = c.aggregate_type and e.aggregate_id = c.aggregate_id
        ) stream
        left join lateral (
            select e.position, e.aggregate_type, e.aggregate_id, e.request_hash, e.recorded_at
            from events e
            where e.command_id = c.command_id and e.command_index = 0
            limit 1
        ) known on true
        left join lateral (
            select e.position, e.sequence
            from events e
            where e.command_id = c.command_id
            order by e.command_index desc
            limit 1
        ) finish on true
        left join lateral (
            select h.scope, h.key, h.aggregate_id
            from unnest(reservation_commands, reservation_scopes, reservation_keys) as r (command_id, scope, key)
            cross join lateral (
                select h.scope, h.key, h.aggregate_type, h.aggregate_id
                from reservations h
                where h.scope = r.scope and h.key = r.key
                limit 1
            ) h
            where r.command_id = c.command_id
                and (h.aggregate_type, h.aggregate_id) <> (c.aggregate_type, c.aggregate_id)
            limit 1
        ) held on true
        where c.command_index = 0 and c.command_id = any (refused);
    end if;
end;
$$;

comment on function append_batch is 'Appends commits to the log, each with its own outcome. The only way in.';

-- The last position that the log had at a moment; 0 before its first event.
-- Sound because recorded_at never decreases with position.
create function position_at(moment timestamptz) returns bigint
language plpgsql
stable
as $$
declare
    low    bigint := 0;
    high   bigint;
    middle bigint;
    known  timestamptz;
begin
    select h.position into strict high from log_head h;
    while low < high loop
        middle := (low + high + 1) / 2;
        select e.recorded_at into strict known from events e where e.position = middle;
        if known <= moment then
            low := middle;
        else
            high := middle - 1;
        end if;
    end loop;
    return low;
end;
$$;

comment on function position_at is 'The last position recorded at or before a moment.';

-- Both functions find their tables in this schema and nowhere else, the
-- caller's temporary tables last. The append's plan is fixed: whatever the
-- statistics say on the day it is first planned, a stream is one index lookup.
do $$
declare
    home text := quote_ident(current_schema());
    append text := 'alter function append_batch set ';
begin
    execute append || 'search_path = ' || home || ', pg_temp';
    execute append || 'plan_cache_mode = force_generic_plan';
    execute append || 'enable_seqscan = off';
    execute 'alter function position_at set search_path = ' || home || ', pg_temp';

    -- Read models are made, filled, rebuilt aside and swapped by the service's
    -- own role, in this schema and in schemas that it makes for the purpose.
    execute format('grant usage, create on schema %s to docket_app', home);
    execute format('grant create on database %I to docket_app', current_database());
end;
$$;

alter table checkpoints owner to docket_app;

revoke all on events, log_head, reservations, checkpoints from public;
revoke all on function append_batch from public;
revoke all on function position_at from public;
grant select, insert on events to docket_app;
grant select, insert on reservations to docket_app;
grant select on log_head to docket_app;
grant execute on function append_batch to docket_app;
grant execute on function position_at to docket_app;
