-- Ids of an order are no longer in one piece: to take them so, nodes waited for each other. An old node, which would set a
-- sequence back that others take from, finds the function gone.
DROP FUNCTION reserve_ids;
