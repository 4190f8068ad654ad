-- The key whose callback an inbox received: with it, a test run finds those about orders too.
ALTER TABLE inbox_request ADD COLUMN key_id BIGINT;
UPDATE inbox_request SET key_id = (SELECT j.key_id FROM job j
    WHERE j.account_id = inbox_request.account_id AND j.id = inbox_request.job_id)
WHERE EXISTS (SELECT 1 FROM job j JOIN api_key k ON k.account_id = j.account_id AND k.id = j.key_id
    WHERE j.account_id = inbox_request.account_id AND j.id = inbox_request.job_id AND k.test_run IS NOT NULL);
