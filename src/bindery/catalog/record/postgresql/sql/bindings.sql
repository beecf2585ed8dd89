-- name: list_bindings
-- Bindings of a project, a dataset, a bucket or all, behind a pair of names.
SELECT binding.id, binding.body FROM binding
JOIN dataset ON dataset.id = dataset_id JOIN project ON project.id = project_id
WHERE (:project::text IS NULL OR project.name = :project)
  AND (:dataset::text IS NULL OR dataset.name = :dataset)
  AND (:bucket::text IS NULL OR bucket = :bucket)
  AND (dataset.name, bucket) > (:after_dataset, :after_bucket) AND ending = ''
ORDER BY project.name, dataset.name, bucket LIMIT :limit;
