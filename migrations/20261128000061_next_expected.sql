-- What is due next of all that is open: the one order, beside those that have an
-- index already, in which people look at the whole queue. It is small, and
-- changes only where somebody sets another time.
create index on work_queue (expected_at, item_id) where is_open;
