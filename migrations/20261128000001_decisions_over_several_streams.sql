-- A decision may rest on other streams than the one that it writes: whether an
-- item can be merged depends on the item that it is merged into, whether two can
-- be linked on all that stand above them. So an append may name the versions of
-- the streams that the decision has read, and the function that already checks
-- the commit's own stream checks those under the same lock. A stream that has
-- moved is a conflict like any other; nothing is written to it.
--
-- The function of before goes on for those who still call it, by way of the new
-- one.
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
    reservation_keys     text[],
    rests_on_commands    uuid[],
    rests_on_types       text[],
    rests_on_ids         text[],
    rests_on_versions    bigint[]
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
    overtaken      uuid[] := '{}';
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

    -- What a decision has read of other streams must stand as it was read.
    if cardinality(rests_on_versions) > 0 then
        select coalesce(array_agg(distinct r.command_id), '{}') into overtaken
        from unnest(rests_on_commands, rests_on_types, rests_on_ids, rests_on_versions)
            as r (command_id, aggregate_type, aggregate_id, version)
        where r.version <> coalesce((
            select e.sequence
            from events e
            where e.aggregate_type = r.aggregate_type and e.aggregate_id = r.aggregate_id
            order by e.sequence desc
            limit 1
        ), 0);
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
            or c.command_id = any (overtaken)
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
                when known.position is null
                    and (stream.sequence + 1 <> c.sequence or c.command_id = any (overtaken)) then 'conflict'
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

comment on function append_batch(
    text[], text[], bigint[], text[], text[], text[], text[], uuid[], smallint[], bytea[],
    uuid[], text[], text[], text[], text[], uuid[], text[], text[], bigint[]
) is 'Appends commits to the log, each with its own outcome. The only way in.';

create or replace function append_batch(
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
begin
    return query
    select *
    from append_batch(
        aggregate_types, aggregate_ids, sequences, event_types,
        event_versions, payloads, metadata, command_ids,
        command_indexes, request_hashes, reservation_commands, reservation_types,
        reservation_ids, reservation_scopes, reservation_keys,
        '{}'::uuid[], '{}'::text[], '{}'::text[], '{}'::bigint[]
    );
end;
$$;

-- Both find their tables in this schema and nowhere else, the caller's temporary
-- tables last, and the plan is fixed: whatever the statistics say on the day it is
-- first planned, a stream is one index lookup.
do $$
declare
    home text := quote_ident(current_schema()) || ', pg_temp';
    appender regprocedure;
begin
    for appender in
        select p.oid::regprocedure from pg_proc p
        where p.proname = 'append_batch' and p.pronamespace = current_schema()::regnamespace
    loop
        execute format('alter function %s set search_path = %s', appender, home);
        execute format('alter function %s set plan_cache_mode = force_generic_plan', appender);
        execute format('alter function %s set enable_seqscan = off', appender);
        execute format('revoke all on function %s from public', appender);
        execute format('grant execute on function %s to docket_app', appender);
    end loop;
end;
$$;
