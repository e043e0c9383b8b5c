"""Links in a model: refused, or followed inside it where policy and signature both say so."""

from __future__ import annotations

from pathlib import Path

from tests.signing.workshop import FILES, Workshop, bad, is_verified


def test_link_inside_the_model_is_followed_only_where_policy_and_signature_say_so(
    tmp_path: Path,
) -> None:
    shop = Workshop(tmp_path)
    shop.sign()
    statement = shop.statement()
    statement["predicate"]["serialization"]["allow_symlinks"] = True
    shop.sign_statement(statement)
    path = shop.model / "config.json"
    path.rename(shop.model / "sub/real.json")
    path.symlink_to("sub/real.json")
    assert "files/no-links" in bad(shop.verify())
    shop.defaults["symlinks"] = "allow"
    # The file that the link leads to is now one that nobody signed.
    assert bad(shop.verify()) == {"files/all-signed"}
    shop.rule["may_ignore"] = ["sub/real.json"]
    assert is_verified(shop.verify())
    path.unlink()
    (tmp_path / "outside.json").write_bytes(FILES["config.json"])
    path.symlink_to("../outside.json")
    assert "files/no-links" in bad(shop.verify())
