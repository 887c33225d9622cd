"""Everything that a small trade is written with, under one name: `from tradehall.kernel import author as th`."""

from decimal import Decimal

from tradehall.kernel.columns import (
    choice,
    computed,
    day,
    email,
    flag,
    integer,
    json,
    moment,
    money,
    optional,
    person,
    personal,
    price,
    quantity,
    reference,
    state,
    text,
)  # fmt: skip
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Shape, report
from tradehall.kernel.errors import Denied, Invalid, Missing, Refused
from tradehall.kernel.feed import Happening
from tradehall.kernel.files import attach, file
from tradehall.kernel.forms import Form
from tradehall.kernel.jobs import Job, Then, given_up, task
from tradehall.kernel.live import Live, Message
from tradehall.kernel.meanings import Sentence, Several
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.office import Office
from tradehall.kernel.papers import Paper, Sheet, Size, Writing
from tradehall.kernel.people import EMAIL, FOUND, JOIN, PHONE, USERNAME, Register, Secret, SignIn, number, pin
from tradehall.kernel.people.newcomers import let_in
from tradehall.kernel.preferences import based
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, check, find, unique
from tradehall.kernel.reports import DayOf, Part, Parts, measure
from tradehall.kernel.resources import Filter, Resource
from tradehall.kernel.screens import Board, Calendar, Chart, Group, OwnPage, Section
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import ANYBODY, SYSTEM, Role, act, after, move, own, where

Amount = Decimal
"""An amount of money, as a rule computes with it."""

__all__ = [
    "ANYBODY",
    "EMAIL",
    "FOUND",
    "JOIN",
    "PHONE",
    "SYSTEM",
    "USERNAME",
    "Amount",
    "Board",
    "Calendar",
    "Chart",
    "Context",
    "Contract",
    "DayOf",
    "Denied",
    "Filter",
    "Form",
    "Group",
    "Happening",
    "Invalid",
    "Job",
    "Live",
    "Message",
    "Missing",
    "Office",
    "OwnPage",
    "Paper",
    "Part",
    "Parts",
    "Reader",
    "Record",
    "Refused",
    "Register",
    "Resource",
    "Role",
    "Secret",
    "Section",
    "Sentence",
    "Several",
    "Shape",
    "Sheet",
    "SignIn",
    "Size",
    "Template",
    "Then",
    "Trade",
    "Writing",
    "act",
    "after",
    "attach",
    "based",
    "check",
    "choice",
    "computed",
    "day",
    "email",
    "file",
    "find",
    "flag",
    "given_up",
    "integer",
    "json",
    "let_in",
    "measure",
    "moment",
    "money",
    "move",
    "number",
    "optional",
    "own",
    "person",
    "personal",
    "pin",
    "price",
    "quantity",
    "reference",
    "report",
    "state",
    "task",
    "text",
    "unique",
    "where",
]  # fmt: skip
