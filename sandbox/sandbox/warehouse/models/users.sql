-- One row a user, as mParticle wants it: reserved columns by their names, attributes by aliases, the iterator last.
SELECT
    c.customer_id,
    c.email,
    c.first_name AS "$firstname",
    c.city AS "$city",
    c.country AS "$country",
    c.vip,
    c.registered_on,
    o.order_count,
    o.spend,
    o.last_order_at,
    round(o.order_count / (o.order_count + 5.0), 4) AS propensity_to_buy,
    f.favorite_categories,
    greatest(c.updated_at, o.updated_at, f.updated_at) AS date_updated
FROM customers AS c
JOIN (
    SELECT customer_id, count(*) AS order_count, CAST(sum(amount) AS DECIMAL(12, 2)) AS spend, max(placed_at) AS last_order_at, max(updated_at) AS updated_at
    FROM orders
    GROUP BY customer_id
) AS o ON o.customer_id = c.customer_id
LEFT JOIN (
    SELECT customer_id, array_agg(category ORDER BY position) AS favorite_categories, max(updated_at) AS updated_at
    FROM favorites
    GROUP BY customer_id
) AS f ON f.customer_id = c.customer_id
-- the iterator is the latest change of any of the three
