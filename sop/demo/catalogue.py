"""Who the demo company is: products, sales organisation, plants, lines, materials, people. Tables only."""

from dataclasses import dataclass

NAME, NAME_ZH, CURRENCY = "Qinglan Motors", "青岚汽车", "CNY"


@dataclass(frozen=True)
class Config:
    """One configuration of a series. Money in CNY a car, ``share`` of the series, ``hours`` on its line."""

    code: str
    name: str
    name_zh: str
    share: float
    price: int
    contribution: int
    battery: str


@dataclass(frozen=True)
class Series:
    """A model series. ``volume`` a year in cars, ``drift`` a year, ``jph`` of its line."""

    code: str
    name: str
    name_zh: str
    family: str
    volume: int
    drift: float
    configs: tuple[Config, ...]


FAMILIES = (("NEV", "New energy", "新能源"), ("FUEL", "Fuel", "燃油车"))
COLOURS = (("W", "white", "白色", 0.5), ("B", "black", "黑色", 0.3), ("U", "blue", "蓝色", 0.2))

SERIES = (
    Series(
        "E5", "E5 sedan", "E5 轿车", "NEV", 64_000, 0.06,
        (
            Config("E5-STD", "E5 Standard", "E5 标准版", 0.6, 132_000, 13_000, "B60"),
            Config("E5-PLUS", "E5 Plus", "E5 Plus", 0.4, 147_000, 15_500, "B60"),
        ),
    ),
    Series(
        "E7", "E7 SUV", "E7 SUV", "NEV", 74_000, 0.09,
        (
            Config("E7-STD", "E7 Standard", "E7 标准版", 0.28, 168_000, 21_000, "B60"),
            Config("E7-LR", "E7 Long Range", "E7 长续航", 0.48, 189_000, 26_000, "B75"),
            Config("E7-AWD", "E7 AWD", "E7 四驱版", 0.24, 205_000, 31_000, "B75"),
        ),
    ),
    Series(
        "M8", "M8 MPV", "M8 MPV", "NEV", 26_000, 0.0,
        (
            Config("M8-STD", "M8 Comfort", "M8 舒适版", 0.6, 258_000, 38_000, "B90"),
            Config("M8-FLAG", "M8 Flagship", "M8 旗舰版", 0.4, 298_000, 47_000, "B90"),
        ),
    ),
    Series(
        "S6", "S6 SUV", "S6 SUV", "FUEL", 92_000, -0.03,
        (
            Config("S6-COMF", "S6 Comfort", "S6 舒适版", 0.84, 119_000, 16_000, ""),
            Config("S6-SPORT", "S6 Sport", "S6 运动版", 0.16, 149_000, 22_000, ""),
        ),
    ),
    Series(
        "C3", "C3 hatchback", "C3 两厢", "FUEL", 26_000, -0.35,
        (
            Config("C3-BASE", "C3 Base", "C3 基本版", 0.7, 76_000, 4_200, ""),
            Config("C3-CITY", "C3 City", "C3 都市版", 0.3, 92_000, 6_400, ""),
        ),
    ),
)  # fmt: skip

# code, name, Chinese name, share of the market, dealers (code, name, Chinese name, share of the region)
REGIONS = (
    ("NORTH", "North", "华北", 0.22,
     (("BJ", "Beijing dealer", "北京经销商", 0.4), ("TJ", "Tianjin dealer", "天津经销商", 0.2), ("SY", "Shenyang dealer", "沈阳经销商", 0.2))),
    ("SOUTH", "South", "华南", 0.27,
     (("GZ", "Guangzhou dealer", "广州经销商", 0.35), ("SZ", "Shenzhen dealer", "深圳经销商", 0.3), ("NN", "Nanning dealer", "南宁经销商", 0.15))),
    ("EAST", "East", "华东", 0.34,
     (("SH", "Shanghai dealer", "上海经销商", 0.35), ("HZ", "Hangzhou dealer", "杭州经销商", 0.25), ("NJ", "Nanjing dealer", "南京经销商", 0.2))),
    ("WEST", "West", "西部", 0.17,
     (("CD", "Chengdu dealer", "成都经销商", 0.4), ("CQ", "Chongqing dealer", "重庆经销商", 0.25), ("XA", "Xi'an dealer", "西安经销商", 0.15))),
)  # fmt: skip
DIRECT_SHARE = 0.2  # own stores of each region

# code, name, Chinese name, storage in cars, freight (NORTH, SOUTH, EAST, WEST) in CNY a car
PLANTS = (
    ("HEFEI", "Hefei plant", "合肥工厂", 9_000, (2_100, 2_300, 900, 2_600)),
    ("CHONGQING", "Chongqing plant", "重庆工厂", 7_000, (2_900, 2_400, 2_600, 900)),
    ("WUHAN", "Wuhan plant", "武汉工厂", 6_000, (1_900, 1_700, 1_500, 1_800)),
)

RAIL_FROM = 2_300  # freight a car from which it pays to send trains
TRANSPORT = (("truck", 8), ("rail", 224))  # mode, cars a load
SETUP_HOURS = 0.25  # to the next colour or configuration

# code, name, Chinese name, plant, kind, JPH, shifts, max shifts, overtime cost an hour, extra shift cost a month, products by prefix
RESOURCES = (
    ("HF1", "Hefei line 1 · E5", "合肥一线 · E5", "HEFEI", "line", 18.6, 2, 3, 52_000, 6_500_000, ("E5",)),
    ("HF2", "Hefei line 2 · E7, M8", "合肥二线 · E7/M8", "HEFEI", "line", 25.5, 2, 3, 66_000, 8_400_000, ("E7", "M8")),
    ("HFP", "Hefei paint shop", "合肥涂装车间", "HEFEI", "equipment", 41.0, 2, 3, 48_000, 5_200_000, ("E5", "E7", "M8")),
    ("HFL", "Hefei assembly crew", "合肥总装人员", "HEFEI", "labour", 43.5, 2, 3, 39_000, 3_900_000, ("E5", "E7", "M8")),
    ("CQ1", "Chongqing line 1 · S6", "重庆一线 · S6", "CHONGQING", "line", 17.2, 2, 3, 47_000, 5_600_000, ("S6-COMF",)),
    ("CQ3", "Chongqing line 3 · S6 Sport", "重庆三线 · S6 运动", "CHONGQING", "line", 5.0, 2, 3, 26_000, 2_900_000, ("S6-SPORT",)),
    ("CQL", "Chongqing assembly crew", "重庆总装人员", "CHONGQING", "labour", 24.8, 2, 3, 35_000, 3_400_000, ("S6",)),
    ("WH1", "Wuhan line 1 · S6, C3", "武汉一线 · S6/C3", "WUHAN", "line", 13.5, 2, 2, 44_000, 5_000_000, ("S6-COMF", "C3")),
    ("ENG", "Validation bench · M8", "试验台架 · M8", "HEFEI", "engineering", 11.0, 1, 2, 21_000, 1_600_000, ("M8",)),
)  # fmt: skip
HOURS_PER_SHIFT, EFFICIENCY, MAX_OVERTIME_SHARE, EXTRA_SHIFT_LEAD_MONTHS = 8.0, 0.92, 0.12, 2

SUPPLIERS = (
    ("CELLNOVA", "CellNova", "芯诺电池"),
    ("POWERLINK", "PowerLink", "动联电控"),
    ("HUAXIN", "Huaxin Engines", "华信发动机"),
)
# code, name, Chinese name, supplier, unit cost, lead time in days, core
MATERIALS = (
    ("B60", "Battery pack B60", "B60 电池包", "CELLNOVA", 31_000, 30, True),
    ("B75", "Battery pack B75", "B75 电池包", "CELLNOVA", 38_500, 30, True),
    ("B90", "Battery pack B90", "B90 电池包", "CELLNOVA", 47_000, 45, True),
    ("MCU", "Motor controller", "电机控制器", "POWERLINK", 6_200, 20, True),
    ("ENGINE", "Engine 1.5T", "1.5T 发动机", "HUAXIN", 14_500, 20, True),
    ("ECU", "Control unit", "控制单元", "POWERLINK", 1_150, 10, False),
    ("HARNESS", "Wiring harness, old C3", "旧款 C3 线束", "POWERLINK", 860, 25, False),
    ("TRIM", "Interior trim, C3 City", "C3 都市版内饰", "POWERLINK", 1_900, 25, False),
)

# username, role, name, Chinese title, title, department, level, org scope
PEOPLE = (
    ("coordinator", "coordinator", "Lin Yan", "产销协同经理", "S&OP manager", "supply", "manager", ""),
    ("sales_north", "sales", "Guo Tao", "华北销售总监", "Sales director North", "sales", "head", "NORTH"),
    ("sales_south", "sales", "Chen Hao", "华南销售总监", "Sales director South", "sales", "head", "SOUTH"),
    ("marketing", "marketing", "Sun Lei", "市场与产品经理", "Marketing and product manager", "marketing", "manager", ""),
    ("demand", "demand_lead", "Li Yue", "需求计划经理", "Demand planning manager", "supply", "manager", ""),
    ("production", "production", "Zhang Peng", "生产总监", "Head of production", "production", "head", ""),
    ("purchasing", "purchasing", "He Jing", "采购经理", "Purchasing manager", "supply", "manager", ""),
    ("supply", "supply_lead", "Wu Ke", "供应计划经理", "Supply planning manager", "supply", "head", ""),
    ("finance", "finance", "Chen Mei", "财务总监", "Finance director", "finance", "head", ""),
    ("quality", "quality", "Zhao Min", "质量经理", "Quality manager", "quality", "manager", ""),
    ("executive", "executive", "Luo Qiang", "首席执行官", "Chief executive", "management", "executive", ""),
    ("supplier", "supplier", "CellNova", "供应商", "Supplier", "external", "manager", ""),
    ("admin", "admin", "Administrator", "系统管理员", "System administrator", "it", "manager", ""),
)  # fmt: skip
