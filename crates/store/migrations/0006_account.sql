-- Every row that belongs to a customer names the account, also where its parent does: so that statements can, and tables can be
-- parted by it.

ALTER TABLE order_found ADD COLUMN account_id BIGINT NOT NULL DEFAULT 0;
UPDATE order_found SET account_id = (SELECT p.account_id FROM "order" p WHERE p.id = order_found.order_id);

ALTER TABLE claim_job ADD COLUMN account_id BIGINT NOT NULL DEFAULT 0;
UPDATE claim_job SET account_id = (SELECT p.account_id FROM claim p WHERE p.id = claim_job.claim_id);

ALTER TABLE delivery_attempt ADD COLUMN account_id BIGINT NOT NULL DEFAULT 0;
UPDATE delivery_attempt SET account_id = (SELECT p.account_id FROM delivery p WHERE p.id = delivery_attempt.delivery_id);

-- No foreign key keeps a reward's job; the books do.
ALTER TABLE reward ADD COLUMN account_id BIGINT NOT NULL DEFAULT 0;
UPDATE reward SET account_id = COALESCE((SELECT p.account_id FROM job p WHERE p.id = reward.job_id), 0);
