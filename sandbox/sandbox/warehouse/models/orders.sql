-- Orders with the card of their customer: a column of customers that never changes, or the iterator would have to tell of it.
SELECT
    o.order_id,
    o.customer_id,
    c.loyalty_card,
    o.placed_at,
    o.amount,
    o.discount_rate,
    o.quantity,
    o.paid,
    o.items,
    o.note,
    o.updated_at
FROM orders AS o
JOIN customers AS c ON c.customer_id = o.customer_id
