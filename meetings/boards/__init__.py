"""What the meeting pages show: plain records, ready for the templates. Reads only."""

from meetings.boards.demand import DemandMeetingBoard
from meetings.boards.executive import ExecutiveBoard, load_executive_board
from meetings.boards.presop import PreSopBoard, load_presop_board
from meetings.boards.supply import SupplyReviewBoard, load_supply_review
from meetings.boards.table import MeetingTable, load_meeting_table

__all__ = [
    "DemandMeetingBoard",
    "ExecutiveBoard",
    "MeetingTable",
    "PreSopBoard",
    "SupplyReviewBoard",
    "load_executive_board",
    "load_meeting_table",
    "load_presop_board",
    "load_supply_review",
]
