"""Verifies an export, and proofs, with other people's programs: pymerkle for roots and
proofs, cryptography for signatures, jsonschema for the form of the events.

    verify.py WORK CLOUDEVENTS

WORK holds the export in `evidence`, proofs in `inclusion*.json` and `consistency*.json`,
`log.key` and the heads; CLOUDEVENTS the JSON schema of CloudEvents, where it is at hand. Nothing of the project
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
from pymerkle.proof import InvalidProof, MerkleProof

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


def sides_from(node, last):
    """On which side each hash of a proof stands, from a node upwards: left is 1. It follows
    from the numbers alone."""
    sides = []
    while last:
        if node & 1 or node == last:
            sides.append(1)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            sides.append(0)
        node, last = node >> 1, last >> 1
    return sides


def sides_of_inclusion(index, size):
    """The sides of an inclusion proof, which begins at the leaf (RFC 9162, 2.1.3.2)."""
    return sides_from(index, size - 1)


def sides_of_consistency(old, new):
    """The sides of a consistency proof, which begins at the last full tree of the old one; its
    hashes on the left are those of the old tree, too (RFC 9162, 2.1.4.2)."""
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    return sides_from(node, last)


def proof_of(size, first, sides, hashes):
    """Our hashes, in our order, as a proof of pymerkle's."""
    if len(hashes) != len(sides):
        raise InvalidProof("it has too few hashes, or too many")
    # A side says how what is there so far goes together with the next hash.
    return MerkleProof("sha256", True, size, sides + [0], [1] + sides, [first, *hashes])


def includes(leaf, index, size, root, hashes):
    """Whether pymerkle believes our inclusion proof."""
    try:
        proof = proof_of(size, leaf, sides_of_inclusion(index, size), hashes)
        verify_inclusion(leaf, root, proof)
        return True
    except InvalidProof:
        return False


def is_beginning(old, old_root, new, new_root, hashes):
    """Whether pymerkle believes our consistency proof."""
    if old == new:
        return not hashes and old_root == new_root
    try:
        # Where the old tree is a subtree of the new one, its root goes without saying.
        first, *rest = [old_root, *hashes] if old & (old - 1) == 0 else hashes
        proof = proof_of(new, first, sides_of_consistency(old, new), rest)
        verify_consistency(old_root, new_root, proof)
        return True
    except (InvalidProof, ValueError):
        return False


def spoilt(hashes):
    """What others might make of a proof: nothing of it, another order, one hash less, one
    more, another one."""
    yield "empty", []
    yield "reversed", hashes[::-1]
    for place in range(len(hashes) - 1):
        swapped = list(hashes)
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        yield f"with {place} and {place + 1} swapped", swapped
    for place, one in enumerate(hashes):
        yield f"without {place}", hashes[:place] + hashes[place + 1:]
        yield f"with {place} twice", hashes[:place + 1] + hashes[place:]
        other = bytes([one[0] ^ 1]) + one[1:]
        yield f"with another {place}", hashes[:place] + [other] + hashes[place + 1:]


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

    # The desk's own proofs, hash for hash in their order, are believed by pymerkle; whatever
    # is made of them is not.
    for file in sorted(work.glob("inclusion*.json")):
        proof = json.loads(file.read_text())
        position, of = proof["position"], proof["size"]
        leaf = hashlib.sha256(b"\0" + lines[position - 1]).digest()
        hashes = [b64decode(one) for one in proof["hashes"]]
        holds(b64decode(proof["leafHash"]) == leaf, f"the leaf of the proof of {position} is the hash of its line")
        at = b64decode(proof["rootHash"])
        holds(at == tree.get_state(of), f"the root at {of} is pymerkle's")
        holds(includes(leaf, position - 1, of, at, hashes), f"pymerkle verifies our proof that {position} is in the {of}")
        for how, wrong in spoilt(hashes):
            if wrong != hashes and includes(leaf, position - 1, of, at, wrong):
                sys.exit(f"does not hold: the inclusion proof {how} is refused")
        holds(not includes(leaf, position % of, of, at, hashes), "of another position it proves nothing")

    for file in sorted(work.glob("consistency*.json")):
        proof = json.loads(file.read_text())
        old, new = proof["fromSize"], proof["toSize"]
        before, after = b64decode(proof["fromRootHash"]), b64decode(proof["toRootHash"])
        hashes = [b64decode(one) for one in proof["hashes"]]
        holds(before == tree.get_state(old), f"the root at {old} is pymerkle's")
        holds(after == tree.get_state(new), f"the root at {new} is pymerkle's")
        holds(is_beginning(old, before, new, after, hashes), f"pymerkle verifies our proof that {new} goes on from {old}")
        for how, wrong in spoilt(hashes):
            if wrong != hashes and is_beginning(old, before, new, after, wrong):
                sys.exit(f"does not hold: the consistency proof {how} is refused")
        another = hashlib.sha256(before).digest()
        holds(not is_beginning(old, another, new, after, hashes), "of another beginning it proves nothing")

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
