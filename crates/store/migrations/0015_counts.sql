-- How many jobs a sandbox holds in each status. Live environments count none. A number that is wrong is for
-- `honyaku verify` to tell, not for a job to be stopped by: so there is no CHECK.
ALTER TABLE environment ADD COLUMN jobs_unpaid BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN jobs_queued BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN jobs_available BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN jobs_pending BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN jobs_reviewable BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN jobs_revising BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN jobs_approved BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN jobs_rejected BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN jobs_canceled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN jobs_hold BIGINT NOT NULL DEFAULT 0;
UPDATE environment SET
    jobs_unpaid = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'unpaid'),
    jobs_queued = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'queued'),
    jobs_available = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'available'),
    jobs_pending = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'pending'),
    jobs_reviewable = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'reviewable'),
    jobs_revising = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'revising'),
    jobs_approved = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'approved'),
    jobs_rejected = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'rejected'),
    jobs_canceled = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'canceled'),
    jobs_hold = (SELECT COUNT(*) FROM job j WHERE j.account_id = environment.account_id AND j.sandbox = 1
        AND j.status = 'hold')
WHERE sandbox = 1;
-- It is their sum.
ALTER TABLE environment DROP COLUMN jobs;
