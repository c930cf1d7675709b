"""Verifies an export, and proofs, with other people's programs: pymerkle for roots and
proofs, cryptography for signatures, jsonschema for the form of the events.

    verify.py WORK CLOUDEVENTS

WORK holds the export in `evidence`, `inclusion.json`, `consistency.json`, `log.key` and the
heads; CLOUDEVENTS the JSON schema of CloudEvents, where it is at hand. Nothing of the project
is used. Ends with 1 where something does not hold.
"""

import hashlib
import json
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import jsonschema
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

# What CloudEvents 1.0 asks of every event, for where its own schema is not at hand.
REQUIRED = {
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "specversion": {"const": "1.0"},
        "type": {"type": "string", "minLength": 1},
        "time": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "minLength": 1},
        "datacontenttype": {"type": "string", "minLength": 1},
    },
}


def holds(condition, what):
    if not condition:
        sys.exit(f"does not hold: {what}")
    print(f"holds: {what}")


def head(path):
    """The name, the size and the root of a signed head, and its text and signatures."""
    note = path.read_text(encoding="utf-8")
    text, signatures = note.rsplit("\n\n", 1)
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), b64decode(root), text + "\n", signatures.strip().split("\n")


def is_signed(key, text, signatures):
    name, key_id, material = key.strip().split("+", 2)
    public = b64decode(material)
    expected = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    if key_id != expected.hex() or public[0] != 1:
        return False
    for line in signatures:
        _, signer, encoded = line.split(" ", 2)
        signature = b64decode(encoded)
        if signer == name and signature[:4] == expected:
            try:
                Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], text.encode())
                return True
            except InvalidSignature:
                return False
    return False


def main():
    work, cloudevents = Path(sys.argv[1]), Path(sys.argv[2])
    evidence = work / "evidence"
    manifest = json.loads((evidence / "manifest.json").read_text())
    for file in manifest["files"]:
        content = (evidence / file["name"]).read_bytes()
        same = hashlib.sha256(content).hexdigest() == file["sha256"]
        holds(same, f"{file['name']} has the SHA-256 of the manifest")

    lines = (evidence / "events.ndjson").read_bytes().splitlines()
    origin, size, root, text, signatures = head(evidence / "checkpoint")
    tree = InmemoryTree(algorithm="sha256")
    for line in lines:
        tree.append_entry(line)
    holds(tree.get_size() == size, f"the head covers the {size} events")
    holds(tree.get_state() == root, "pymerkle computes the root that was signed")

    key = (work / "log.key").read_text().strip().split("\n")[-1]
    holds(is_signed(key, text, signatures), f"the head is signed by the key of {origin}")
    forged = text.replace(origin, origin + "x")
    holds(not is_signed(key, forged, signatures), "another text is not signed by it")

    # A head that was kept from before is the beginning of this one.
    kept_size, kept_root = head(work / "kept-head.txt")[1:3]
    holds(tree.get_state(kept_size) == kept_root, f"the head kept at {kept_size} is a beginning of it")

    # The desk's own proofs are those that pymerkle makes, and pymerkle believes them.
    proof = json.loads((work / "inclusion.json").read_text())
    theirs = tree.prove_inclusion(proof["position"], size)
    leaf = hashlib.sha256(b"\0" + lines[proof["position"] - 1]).digest()
    holds(b64decode(proof["leafHash"]) == leaf, "the leaf of the proof is the hash of the event's line")
    ours = {leaf, *map(b64decode, proof["hashes"])}
    holds(ours == set(theirs.path), "the inclusion proof has the hashes of pymerkle's")
    verify_inclusion(leaf, root, theirs)
    holds(True, "pymerkle verifies the inclusion")

    proof = json.loads((work / "consistency.json").read_text())
    old = proof["fromSize"]
    theirs = tree.prove_consistency(old, size)
    holds(b64decode(proof["fromRootHash"]) == tree.get_state(old), f"the root at {old} is pymerkle's")
    holds(set(map(b64decode, proof["hashes"])) <= set(theirs.path), "the consistency proof has pymerkle's hashes")
    verify_consistency(tree.get_state(old), root, theirs)
    holds(True, "pymerkle verifies the consistency")

    schema_file = cloudevents / "cloudevents.schema.json"
    schema = json.loads(schema_file.read_text()) if schema_file.exists() else REQUIRED
    checker = jsonschema.validators.validator_for(schema)(
        schema, format_checker=jsonschema.FormatChecker()
    )
    for number, line in enumerate(lines, 1):
        event = json.loads(line)
        error = next(checker.iter_errors(event), None)
        if error or event["id"] != str(number):
            sys.exit(f"line {number} is no CloudEvent: {error}")
    holds(True, f"each of the {len(lines)} lines is a CloudEvent"
          + (" by the schema of the CNCF" if schema_file.exists() else ""))


main()
