#!/usr/bin/env python3
"""Long real documents as JSONL rows {"text": ...}, out of the language reference that every
CPython carries (PSF licence). Made at test time; not kept in the repository.

    make_documents.py --chars 6000 --count 12 > documents.jsonl
"""
import argparse
import json

from pydoc_data import topics

QUESTION = "What is this text about? Answer in three sentences."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chars", type=int, default=6000, help="least length of a document")
    parser.add_argument("--count", type=int, default=12)
    given = parser.parse_args()
    document, made = "", 0
    for name in sorted(topics.topics):
        document += topics.topics[name].strip() + "\n\n"
        while len(document) >= given.chars and made < given.count:
            # The number in front keeps any two documents from beginning alike.
            text = f"{made}. {document[:given.chars]}\n\n{QUESTION}"
            print(json.dumps({"id": f"doc-{made}", "text": text}, ensure_ascii=False))
            document, made = document[given.chars :], made + 1


if __name__ == "__main__":
    main()
