"""Texts in a language that the default encoder was not made for are told from those that it reads."""

import pytest

from weaklabel.encoder.encoder import default_model
from weaklabel.encoder.readability import FEWEST_TEXTS, readability

READ = {
    "English": [
        "The delivery was two days late and the parcel was damaged",
        "The support team answered my complaint in a friendly way",
        "I will probably order in this shop again next year",
    ],
    "chat": [
        "hey u coming tonight? gonna grab pizza first lol",
        "omg that movie was soooo good, thx for the tip",
        "cant talk now, will text u when im home xx",
        "haha no way bro, she didnt say that!!",
        "wanna hang out l8r? my phone is dying tho",
    ],
    "chemistry": [
        "Inhibition of cyclooxygenase by acetylsalicylic acid reduces prostaglandin synthesis",
        "Dexamethasone upregulates glutamine synthetase through the glucocorticoid receptor",
        "Metformin activates AMPK in hepatocytes",
    ],
    "posts": [
        "@anna check this out!! #winter #snowday http://example.org/ab12",
        "new phone who dis 😂😂",
        "so tired rn... #mondaymood",
    ],
    "titles": [
        "noise cancelling headphones WH-40XM, black",
        "smartphone 256GB sierra blue unlocked",
        "running shoes men EU 42.5",
    ],
}
NOT_READ = {
    "French": [
        "La livraison est arrivée avec deux jours de retard et le colis était abîmé",
        "Le service client a répondu gentiment à ma réclamation",
        "Les chaussures sont trop petites mais la couleur est jolie",
    ],
    "Dutch": [
        "De bestelling kwam twee dagen te laat en de doos was beschadigd",
        "De klantenservice heeft mijn klacht vriendelijk beantwoord",
        "De schoenen zijn te klein maar de kleur is mooi",
    ],
    "Yoruba": [
        "Ọjà náà dé ní ọjọ́ méjì lẹ́yìn àkókò, àpótí rẹ̀ sì ti bàjẹ́",
        "Wọ́n dá mi lóhùn pẹ̀lú ìwà pẹ̀lẹ́",
        "Bàtà náà kéré jù ṣùgbọ́n àwọ̀ rẹ̀ dára",
    ],
    "Russian": [
        "Посылка пришла на два дня позже",
        "Поддержка ответила быстро и вежливо",
        "Туфли малы, но цвет красивый",
    ],
    "Chinese": ["快递晚了两天，盒子也坏了", "客服很快就帮我解决了问题", "鞋子太小了，但是颜色很好看"],
    "one in two": ["The delivery was late and the box was damaged", "客服很快就帮我解决了问题"],
}


def of(sentences):
    result = readability(str(default_model()), (sentences * FEWEST_TEXTS)[:FEWEST_TEXTS])
    assert result is not None
    return result


@pytest.mark.parametrize("language", READ)
def test_english_of_all_kinds_is_read(language):
    assert not of(READ[language]).is_low


@pytest.mark.parametrize("language", NOT_READ)
def test_other_languages_are_not(language):
    assert of(NOT_READ[language]).is_low


@pytest.mark.parametrize("texts", [[], ["le colis"] * (FEWEST_TEXTS - 1), ["", "123 !?"] * FEWEST_TEXTS])
def test_too_few_texts_or_none_with_letters_say_nothing(texts):
    assert readability(str(default_model()), texts) is None
