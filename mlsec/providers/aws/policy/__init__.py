"""AWS's policies evaluated as AWS documents it, and the search for a request that they allow.

``decide.decide(request, layers)`` answers yes, no or unknown (``graph.ternary.Answer``): is there
one request of this kind that a statement of every layer allows and none denies?

A ``decide.Request`` names the action (lower case), the resource, and the caller. In the resource
``*`` stands for some part of a name (one is enough: below a bucket, in some region), and
``patterns.ANY`` for the name of a thing that no policy knows (whichever there is). ``tags`` are
those of the resource: {} untagged, None not known. ``keys`` fixes condition keys for one question.

A ``callers.Caller`` has the names that a Principal may call it by, and the condition keys that
are fixed by who it is; every other key it is free to choose, and all values that the policies
tell apart are tried together. The kinds: ``anonymous()``, ``foreign_principal()`` (of an account
that no policy names), ``principal(account, arn)`` (of a known account, the own one included),
``service(name, source_account=..., source=...)`` (by default for whoever asks it), and
``federated(provider, claims)`` (the claims that an external caller can have in a token).
``caller.but`` changes single keys.

A ``keys.Domain`` is what a key can be: ``FREE``, ``ABSENT``, ``fixed("a", "b")``,
``within("repo:acme/*")`` (chosen inside of a pattern), ``UNKNOWN`` (one value that we do not know:
the answer is then unknown unless it is the same for all). A key that no service has is unknown; one
that the action's requests never carry is absent (``condition_keys.txt``).

A ``decide.Layer`` holds the compiled statements of one kind of policy (``statement.read_statement``
of what the shape ``policy`` gives). All that may allow beside each other stands in one layer: an
identity's policies; with the resource's policy in the same account. What has to allow besides is a
layer of its own: a boundary, the policies of an organisation, for another account the resource's
policy. ``hidden`` are the gaps that hide statements of a layer.
"""
