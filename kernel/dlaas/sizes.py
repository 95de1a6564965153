"""Another name for `dlaas.quota.size_said`, until nothing imports it from here."""

from dlaas.quota import size_said as size_said
