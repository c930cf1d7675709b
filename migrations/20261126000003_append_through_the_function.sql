-- Until now the service's role could insert into the log by itself, beside the
-- function that numbers, orders and judges what comes in. It needs no more
-- than the right to call that function, which runs with its owner's rights.
revoke insert on events, reservations from docket_app;
