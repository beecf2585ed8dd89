-- Saved searches go with the user or role whose they are.

CREATE INDEX saved_search_owner ON saved_search (owner);

-- Ids of users and roles have 18 digits, the account's has 16.
DELETE FROM saved_search
WHERE length(owner) = 18 AND owner NOT IN (SELECT id FROM ram_user UNION ALL SELECT id FROM role);

CREATE TRIGGER user_searches AFTER DELETE ON ram_user BEGIN
    DELETE FROM saved_search WHERE owner = OLD.id;
END;
CREATE TRIGGER role_searches AFTER DELETE ON role BEGIN
    DELETE FROM saved_search WHERE owner = OLD.id;
END;
