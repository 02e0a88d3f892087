-- name: FileInsert :one
INSERT INTO files (environment_id, owner, owner_id, kind, name, extension, content, created_at)
VALUES (@environment_id, @owner, @owner_id, @kind, @name, @extension, @content, @now) RETURNING id;

-- name: FilesReplaced :execrows
DELETE FROM files WHERE environment_id = @environment_id AND owner = @owner AND owner_id = @owner_id AND kind = @kind;

-- name: FileOf :one
SELECT * FROM files WHERE environment_id = @environment_id AND owner = @owner AND owner_id = @owner_id AND kind = @kind ORDER BY id DESC LIMIT 1;

-- name: FileByID :one
SELECT * FROM files WHERE environment_id = @environment_id AND id = @id AND owner = @owner AND owner_id = @owner_id;
