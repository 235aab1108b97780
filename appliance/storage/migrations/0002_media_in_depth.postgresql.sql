-- Media arrive in pieces, are processed later, may be moved, tagged with children, checked; plans and master keys.
ALTER TABLE "academy" ADD COLUMN "kek_id" VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE "school" ADD COLUMN "plan" VARCHAR(20) NOT NULL DEFAULT '';
ALTER TABLE "classroom" ADD COLUMN "plan" VARCHAR(20) NOT NULL DEFAULT '';
ALTER TABLE "classroom" ADD COLUMN "family_comfort" BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE "student" ADD COLUMN "family_comfort" BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE "media" ADD COLUMN "born_in" VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE "media" ADD COLUMN "kind" VARCHAR(12) NOT NULL DEFAULT '';
ALTER TABLE "media" ADD COLUMN "state" VARCHAR(12) NOT NULL DEFAULT 'ready';
ALTER TABLE "media" ADD COLUMN "reason" VARCHAR(60) NOT NULL DEFAULT '';
ALTER TABLE "media" ADD COLUMN "bytes" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "media" ADD COLUMN "duration_ms" INTEGER;
ALTER TABLE "media" ADD COLUMN "pages" INTEGER;
ALTER TABLE "rendition" ADD COLUMN "crc32" BIGINT;
ALTER TABLE "rendition" ADD COLUMN "checked_at" BIGINT;
ALTER TABLE "rendition" ADD COLUMN "damaged_at" BIGINT;
CREATE INDEX "rendition_checked_at" ON "rendition" ("checked_at");
UPDATE "media" SET
  "born_in" = (SELECT "classroom"."public_id" FROM "classroom" WHERE "classroom"."id" = "media"."classroom_id"),
  "bytes" = COALESCE((SELECT SUM("stored_size") FROM "rendition" WHERE "rendition"."media_id" = "media"."id"), 0);
CREATE TABLE "media_tag" ("id" SERIAL NOT NULL PRIMARY KEY, "media_id" INTEGER NOT NULL, "student_id" INTEGER NOT NULL, "blurred" BOOLEAN NOT NULL, "allowed_at" BIGINT, "allowed_by_id" INTEGER, FOREIGN KEY ("media_id") REFERENCES "media" ("id") ON DELETE CASCADE, FOREIGN KEY ("student_id") REFERENCES "student" ("id") ON DELETE CASCADE, FOREIGN KEY ("allowed_by_id") REFERENCES "account" ("id") ON DELETE SET NULL);
CREATE INDEX "media_tag_student_id" ON "media_tag" ("student_id");
CREATE INDEX "media_tag_allowed_by_id" ON "media_tag" ("allowed_by_id");
CREATE UNIQUE INDEX "media_tag_media_id_student_id" ON "media_tag" ("media_id", "student_id");
CREATE TABLE "task" ("id" SERIAL NOT NULL PRIMARY KEY, "kind" VARCHAR(30) NOT NULL, "subject" VARCHAR(32) NOT NULL, "created_at" BIGINT NOT NULL, "due_at" BIGINT NOT NULL, "attempts" INTEGER NOT NULL, "leased_until" BIGINT, "leased_by" VARCHAR(60) NOT NULL, "progress" SMALLINT NOT NULL, "failed_at" BIGINT, "error" VARCHAR(60) NOT NULL);
CREATE UNIQUE INDEX "task_kind_subject" ON "task" ("kind", "subject");
CREATE INDEX "task_failed_at_due_at" ON "task" ("failed_at", "due_at");
CREATE TABLE "upload" ("id" SERIAL NOT NULL PRIMARY KEY, "media_id" INTEGER NOT NULL, "length" BIGINT NOT NULL, "received" BIGINT NOT NULL, "sha256" BYTEA, "created_at" BIGINT NOT NULL, "expires_at" BIGINT NOT NULL, "claimed_at" BIGINT, FOREIGN KEY ("media_id") REFERENCES "media" ("id") ON DELETE CASCADE);
CREATE UNIQUE INDEX "upload_media_id" ON "upload" ("media_id");
CREATE INDEX "upload_expires_at" ON "upload" ("expires_at");
CREATE TABLE "purpose_key" ("purpose" VARCHAR(40) NOT NULL PRIMARY KEY, "kek_id" VARCHAR(16) NOT NULL, "wrapped_key" BYTEA NOT NULL);
ALTER TABLE "account" ADD COLUMN "email_confirmed_at" BIGINT;
UPDATE "account" SET "email_confirmed_at" = "email_since" WHERE "email" <> '';
CREATE TABLE "file_check" ("id" SERIAL NOT NULL PRIMARY KEY, "at" BIGINT NOT NULL, "files" INTEGER NOT NULL, "bytes" BIGINT NOT NULL, "missing" INTEGER NOT NULL, "leftovers" INTEGER NOT NULL, "leftover_bytes" BIGINT NOT NULL);
CREATE INDEX "file_check_at" ON "file_check" ("at");
CREATE TABLE "health_state" ("id" SERIAL NOT NULL PRIMARY KEY, "code" VARCHAR(40) NOT NULL, "wording" VARCHAR(40) NOT NULL, "level" SMALLINT NOT NULL, "facts" TEXT NOT NULL, "checked_at" BIGINT NOT NULL, "since_at" BIGINT NOT NULL, "told" BOOLEAN NOT NULL, "told_at" BIGINT);
CREATE UNIQUE INDEX "health_state_code" ON "health_state" ("code");
