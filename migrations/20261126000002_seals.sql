-- Seals: the log as a Merkle tree (RFC 6962) with signed heads. What stands
-- here is evidence: it is added to, and never changed or removed, no more than
-- the log itself. All of it but the signatures can be computed from the log
-- again, which is what verifying does.

-- The keys that heads are signed with, one after the other.
create table seal_keys (
    number       integer     not null primary key check (number > 0),
    verifier_key text        not null collate "C",
    from_size    bigint      not null,
    endorsement  text        collate "C",
    adopted_at   timestamptz not null default clock_timestamp(),
    constraint seal_keys_endorsed check ((number = 1) = (endorsement is null))
);

comment on table seal_keys is 'The public keys of the log, in the order in which they came; the last one signs.';
comment on column seal_keys.number is 'Place in the order, from 1.';
comment on column seal_keys.verifier_key is 'The public key under the log''s name (C2SP signed-note).';
comment on column seal_keys.from_size is 'How many events were sealed when the key was adopted.';
comment on column seal_keys.endorsement is 'A note by which the key before hands over to this one; nothing for the first key.';
comment on column seal_keys.adopted_at is 'When the key was adopted.';

-- Full tiles only: the edge of the tree is computed from the log.
create table seal_tiles (
    level  smallint not null,
    number bigint   not null,
    root   bytea    not null,
    hashes bytea    not null,
    primary key (level, number),
    constraint seal_tiles_root check (octet_length(root) = 32),
    constraint seal_tiles_hashes check (octet_length(hashes) = 8192)
);

-- Hashes do not compress; trying would only cost time.
alter table seal_tiles alter column hashes set storage external;

comment on table seal_tiles is 'The full tiles of the tree (C2SP tlog-tiles): 256 hashes each.';
comment on column seal_tiles.level is '0 for the hashes of events; each level above has the roots of the tiles below.';
comment on column seal_tiles.number is 'Place in the level, from 0.';
comment on column seal_tiles.root is 'The hash over the tile, which is one of the hashes of the level above.';
comment on column seal_tiles.hashes is 'The 256 hashes, one behind the other.';

create table seal_checkpoints (
    size      bigint      not null primary key check (size > 0),
    root      bytea       not null,
    note      text        not null collate "C",
    leaves    bytea       not null,
    signed_at timestamptz not null default clock_timestamp(),
    constraint seal_checkpoints_root check (octet_length(root) = 32),
    constraint seal_checkpoints_leaves check (octet_length(leaves) % 32 = 0)
);

comment on table seal_checkpoints is 'Every head that was signed.';
comment on column seal_checkpoints.size is 'How many events it covers: all up to this position.';
comment on column seal_checkpoints.root is 'The hash over all of them.';
comment on column seal_checkpoints.note is 'The signed note (C2SP tlog-checkpoint), byte for byte.';
comment on column seal_checkpoints.leaves is 'The hashes of the last events that it is the first to cover, as far as no full tile holds them: tells which event was altered where the root only tells that one was.';
comment on column seal_checkpoints.signed_at is 'When it was signed.';

create table seal_cosignatures (
    witness     text        not null collate "C",
    size        bigint      not null references seal_checkpoints (size),
    line        text        not null collate "C",
    received_at timestamptz not null default clock_timestamp(),
    primary key (witness, size)
);

create index on seal_cosignatures (size);

comment on table seal_cosignatures is 'What outsiders have signed or taken in of the heads: who has seen which.';
comment on column seal_cosignatures.witness is 'The outsider: the name of its key, an address, or a file.';
comment on column seal_cosignatures.size is 'The head that it has seen.';
comment on column seal_cosignatures.line is 'Its signature line (C2SP tlog-cosignature); empty where it takes heads in without signing.';
comment on column seal_cosignatures.received_at is 'When that was known.';

do $$
declare
    name text;
begin
    foreach name in array array['seal_keys', 'seal_tiles', 'seal_checkpoints', 'seal_cosignatures'] loop
        execute format(
            'create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change_of_log()',
            name || '_are_append_only', name
        );
        execute format('alter table %I enable always trigger %I', name, name || '_are_append_only');
        execute format('revoke all on %I from public', name);
        execute format('grant select, insert on %I to docket_app', name);
    end loop;
end;
$$;
