-- While a job of a claim is on hold, the claim's clock stands.
ALTER TABLE claim ADD COLUMN stopped_at BIGINT;
-- Corrections are a claim of their own: of what another claim handed in.
ALTER TABLE claim ADD COLUMN corrects BIGINT;
-- When the review ends by itself; a hold puts it off.
ALTER TABLE job ADD COLUMN review_until BIGINT;
