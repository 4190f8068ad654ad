-- An order's overview is read from this index alone, and not from its jobs besides, which lie elsewhere among millions.
DROP INDEX job_order;
CREATE INDEX job_order ON job (order_id, account_id, sandbox, status, id, unit_count, price, forced);
