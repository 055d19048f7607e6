"""Standards as data, and how far a region conforms. A new set is one JSON file in this folder."""

from insight.standards.conformity import Conformity, Deployed, Finding, Flaw, Project, Verdict, conformity
from insight.standards.sets import StandardSet, Status, standard, standard_set, standard_sets

__all__ = [
    "Conformity",
    "Deployed",
    "Finding",
    "Flaw",
    "Project",
    "StandardSet",
    "Status",
    "Verdict",
    "conformity",
    "standard",
    "standard_set",
    "standard_sets",
]
