def test_an_upload_that_no_post_took_is_forgotten_after_a_day(world, clock, feed):
    from appliance.features.feed import jobs
    from appliance.school import policy
    from appliance.services.media import store
    from appliance.services.media.models import Media
    from tests.support.files import jpeg, upload

    teacher = world.actor("teacher")
    kept = feed.publish(files=[upload(jpeg(200, 150), "kept.jpg")])
    store.accept(teacher, policy.get_access(teacher, world.cm1.public_id), [upload(jpeg(200, 150), "lost.jpg")])
    assert jobs.forget_unattached_media() == 0
    clock.advance(hours=25)
    assert jobs.forget_unattached_media() == 1
    assert Media.select().where(Media.deleted_at.is_null()).count() == 1 and kept
    assert len(world.blobs.list_files()) == 3


def test_an_upload_that_a_post_takes_at_the_last_moment_is_kept(world, clock, feed, monkeypatch):
    from appliance.features.feed import jobs
    from appliance.services.media.models import Media
    from tests.support import arriving

    monkeypatch.setattr("appliance.services.media.uploads._limits.__class__.upload_hours", 48, raising=False)
    teacher = world.actor("teacher")
    access = next(each for each in teacher.classes if each.classroom_id == world.cm1.id)
    upload = arriving.begin(teacher, access)
    arriving.send(teacher, upload, arriving.TEXT)
    clock.advance(hours=23)
    clock.advance(hours=2)
    forget = jobs._forget

    def overtaken(public_id):
        monkeypatch.setattr(jobs, "_forget", forget)
        feed.publish("Le menu", uploads=[upload])
        return forget(public_id)

    monkeypatch.setattr(jobs, "_forget", overtaken)
    assert jobs.forget_unattached_media() == 0
    assert Media.get().deleted_at is None
