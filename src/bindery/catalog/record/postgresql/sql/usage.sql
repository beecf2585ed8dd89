-- name: list_usage
-- A page of all projects, or of those of a list, ascending.
SELECT day, project, dimension, quantity FROM usage
WHERE day BETWEEN :first AND :last AND (day, project, dimension) > (:after_day, :after_project, :after_dimension)
  AND (:dimension::text IS NULL OR dimension = :dimension)
  AND (:projects_list::text[] IS NULL OR project = ANY (:projects_list))
ORDER BY day, project, dimension LIMIT :limit;

-- name: list_usage_of_project
-- A page of one project, ascending.
SELECT day, project, dimension, quantity FROM usage
WHERE project = :project AND day BETWEEN greatest(:first, :after_day) AND :last
  AND (day, project, dimension) > (:after_day, :after_project, :after_dimension)
  AND (:dimension::text IS NULL OR dimension = :dimension)
ORDER BY day, dimension LIMIT :limit;
