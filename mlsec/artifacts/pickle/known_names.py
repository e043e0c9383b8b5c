"""What is known of names: how the lists of callables rate one, and which keys of a state act."""

from __future__ import annotations

import enum

import msgspec


class Standing(enum.Enum):
    """What the policy knows of a name."""

    DENIED = "denied"
    JUDGED = "judged"
    CLASS = "class"
    REDUCER = "reducer"
    # A function that calls a class or function that it is given.
    MAKER = "maker"
    # The library was listed in full, and this name is not in the list.
    UNLISTED = "unlisted"
    UNKNOWN = "unknown"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """``word`` is the danger of a denied name, the way of judging of a judged one.

    ``words`` are those that a listed class takes as one of few values of its own.
    """

    standing: Standing
    word: str = ""
    words: frozenset[str] = frozenset()


LISTED = (Standing.CLASS, Standing.REDUCER, Standing.MAKER)
UNJUDGED = Entry(standing=Standing.UNKNOWN)

# Methods that classes call of themselves while they take their state, and texts that they run then:
# whatever a state puts under such a key acts. Source: __setstate__, and what it calls, of scipy's
# distributions, scikit-learn's isotonic regression, statsmodels' count models, torch's optimizers
# and modules.
ACTING_KEYS = frozenset(
    """_attach_methods _attach_argparser_methods _build_debug_param_to_name_mapping _build_f
    _build_params_for_reducer _convert_mask _ddp_init_helper _init_state _initialize
    _load_container_from_state _rebuild
    _parse_arg_template _patch_step_function _post_setstate restore_design_info restore_model_spec
    set_weight_bias""".split()  # noqa: SIM905
)


def may_act(key: object) -> bool:
    """Whether a key of a state may name a hook of the language, or acts in some library."""
    return type(key) is str and (key[:2] == "__" or key in ACTING_KEYS)
