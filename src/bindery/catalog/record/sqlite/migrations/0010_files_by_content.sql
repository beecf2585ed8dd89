-- Files of one size and time share their ETag, as all of an unpacked archive may: which of them one is tells the index.

DROP INDEX ledger_content;

CREATE INDEX ledger_content ON ledger (etag, file_id) WHERE outcome = 'Indexed' AND size > 0;

DROP INDEX buried_content;

CREATE INDEX buried_content ON buried (etag, file_id);
