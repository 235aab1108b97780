"""Publications: what a class shows its families, who has read it, what they answer."""

from appliance.core.feature import Feature, PersonalData
from appliance.core.i18n import lazy_
from appliance.features.feed import erasing, jobs, models, queries, routes  # noqa: F401 - erasing registers itself
from appliance.services.media import access as media_access
from appliance.services.media import arrivals

media_access.register(queries.find_visible_media)

feature = Feature(
    name="feed",
    title=lazy_("Publications"),
    blueprint=routes.bp,
    models=models.MODELS,
    personal_data=(
        PersonalData(
            tables=("post", "post_version", "post_target", "attachment"),
            purpose="Inform the families of a class of its life and work, with texts, photos and documents.",
            legal_basis="Public-interest mission of the school (GDPR art. 6.1.e).",
            retention="The school year; the class key is then destroyed, and what it sealed with it.",
            path_to_person="author_id and editor_id → account; post_target.student_id → student",
        ),
        PersonalData(
            tables=("comment", "reaction"),
            purpose="Let families and staff answer a publication; a guardian's answer is for the staff and its author.",
            legal_basis="Public-interest mission of the school (GDPR art. 6.1.e).",
            retention="As long as the publication; the text of a removed comment is erased at once.",
            path_to_person="comment.author_id → account; reaction.account_id → account",
        ),
        PersonalData(
            tables=("read_receipt",),
            purpose="Tell the staff which guardians have not read a publication yet, so that they are told otherwise.",
            legal_basis="Public-interest mission of the school (GDPR art. 6.1.e).",
            retention="As long as the publication.",
            path_to_person="read_receipt.account_id → account",
        ),
    ),
    jobs=(jobs.publish_due_posts, arrivals.forget_expired),
    hourly=(jobs.forget_unattached_media,),
)
