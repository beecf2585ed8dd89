-- name: add_usage
-- So much more of it on that day.
INSERT INTO usage (day, project, dimension, quantity) VALUES (:day, :project, :dimension, :quantity)
ON CONFLICT (day, project, dimension) DO UPDATE SET quantity = usage.quantity + excluded.quantity;

-- name: has_usage
-- Whether a project is on a day's bill.
SELECT 1 FROM usage WHERE project = :project AND day = :day LIMIT 1;

-- name: count_projects_of_day
-- How many projects are.
SELECT count(DISTINCT project) FROM usage WHERE day = :day;

-- name: reset_stored
-- What was stored when the day was looked at before.
UPDATE usage SET quantity = 0 WHERE day = :day AND dimension IN ('FileCount', 'TotalFileSize');

-- name: set_stored_files
-- Entries that the datasets of each project have now.
INSERT INTO usage (day, project, dimension, quantity)
SELECT :day, project.name, 'FileCount', sum(file_count) FROM dataset JOIN project ON project.id = project_id
GROUP BY project.id HAVING sum(file_count) > 0
ON CONFLICT (day, project, dimension) DO UPDATE SET quantity = excluded.quantity;

-- name: set_stored_bytes
-- Sizes of their objects together.
INSERT INTO usage (day, project, dimension, quantity)
SELECT :day, project.name, 'TotalFileSize', sum(total_size) FROM dataset JOIN project ON project.id = project_id
GROUP BY project.id HAVING sum(total_size) > 0
ON CONFLICT (day, project, dimension) DO UPDATE SET quantity = excluded.quantity;

-- name: last_stored_day
-- The newest day before, of which it is known what was stored.
SELECT day FROM usage WHERE day < :day AND day >= :earliest AND dimension = 'FileCount'
ORDER BY day DESC LIMIT 1;

-- name: carry_stored
-- What was stored on one day, for a later one on which nobody looked.
INSERT INTO usage (day, project, dimension, quantity)
SELECT :day, project, dimension, quantity FROM usage
WHERE day = :last AND dimension IN ('FileCount', 'TotalFileSize') AND quantity > 0
ON CONFLICT DO NOTHING;

-- name: list_usage
-- A page of all projects, or of those of a list, ascending.
SELECT day, project, dimension, quantity FROM usage
WHERE day BETWEEN :first AND :last AND (day, project, dimension) > (:after_day, :after_project, :after_dimension)
  AND (:dimension IS NULL OR dimension = :dimension)
  AND (:projects IS NULL OR project IN (SELECT value FROM json_each(:projects)))
ORDER BY day, project, dimension LIMIT :limit;

-- name: list_usage_of_project
-- A page of one project, ascending.
SELECT day, project, dimension, quantity FROM usage
WHERE project = :project AND day BETWEEN max(:first, :after_day) AND :last
  AND (day, project, dimension) > (:after_day, :after_project, :after_dimension)
  AND (:dimension IS NULL OR dimension = :dimension)
ORDER BY day, dimension LIMIT :limit;

-- name: projects_of_usage
-- Everybody on the bills of these days.
SELECT DISTINCT project FROM usage WHERE day BETWEEN :first AND :last ORDER BY project;

-- name: forget_usage
-- A page of what is older.
DELETE FROM usage WHERE (day, project, dimension) IN
    (SELECT day, project, dimension FROM usage WHERE day < :before ORDER BY day LIMIT :limit);
