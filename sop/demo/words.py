"""What the demo company's people write, in the language the company is loaded in.

People's words are data: every reader sees them as they were written. So a company for Chinese readers is written in
Chinese from its first day on.
"""

from __future__ import annotations

from core.formats import is_chinese
from sop.demo.view import Row

FREE_TEXT = ("reason", "note", "customer", "owner", "requested_by", "transport_mode")  # columns of the sheets


def language() -> str:
    """The language the company is written in, as a person's setting."""
    return "zh-hans" if is_chinese() else "en"


def say(text: str) -> str:
    """A sentence or a name as its writer would put it. Raises ``KeyError`` for one without Chinese."""
    return CHINESE[text] if text and is_chinese() else text


def pick(name: str, name_zh: str) -> str:
    """One of two names."""
    return name_zh if is_chinese() else name


def say_row(row: Row) -> Row:
    """A row of a sheet with its free texts in the company's language."""
    return row | {column: say(row[column]) for column in FREE_TEXT if column in row}


CHINESE = {
    # people and departments
    "Lin Yan": "林妍",
    "Guo Tao": "郭涛",
    "Chen Hao": "陈浩",
    "Sun Lei": "孙磊",
    "Li Yue": "李悦",
    "Zhang Peng": "张鹏",
    "He Jing": "何静",
    "Wu Ke": "吴珂",
    "Chen Mei": "陈梅",
    "Zhao Min": "赵敏",
    "Luo Qiang": "罗强",
    "CellNova": "芯诺电池",
    "Administrator": "系统管理员",
    "plan": "计划",
    "purchasing": "采购",
    "marketing": "市场部",
    "sales_south": "华南销售",
    # variants
    "AWD": "四驱版",
    "Long Range": "长续航",
    "Standard": "标准版",
    # capacity, stock and orders
    "maintenance": "设备保养",
    "holiday": "节假日",
    "rolling plan": "滚动计划",
    "truck": "公路",
    "rail": "铁路",
    "minimum lot before the C3 facelift": "C3 改款前的最小起订量",
    "C3 City campaign, never held": "C3 都市版活动，一直未办",
    "stock-building for the spring campaign": "为春季活动备库",
    "cars for the New Year fair": "新年车展用车",
    "price campaign in spring": "春季降价促销",
    "Hangzhou taxi cooperative": "杭州出租车合作社",
    "Chengdu police fleet": "成都公安车队",
    "Airport shuttle service": "机场接送公司",
    "colour changed after ordering": "下单后改颜色",
    "Contract starts with the new year": "合同从新年起执行",
    # what the departments forecast and why
    "dealer survey": "经销商调研",
    "dealers expect a strong season": "经销商预计旺季走强",
    "M8 launch ramp, by analogy with E7": "M8 上市爬坡，参照 E7",
    "year-end campaign": "年末促销",
    "test-drive weeks": "试驾周",
    "Winter package sells AWD in the north": "冬季套装带动北方四驱版销量",
    "Rivals shorten delivery to two weeks from next month on": "竞品下月起交付缩短到两周",
    "Dealers ask for the Sport version without sunroof": "经销商希望运动版提供无天窗配置",
    "Same buyers as E7 AWD, launched in the same stores": "客群与 E7 四驱版相同，在同样的门店上市",
    # activities
    "E7 test-drive weeks": "E7 试驾周",
    "E7 test-drive weeks, spring": "E7 春季试驾周",
    "S6 dealer rebate, South": "S6 华南经销商返利",
    "E5 price trial, one quarter": "E5 试调价，一个季度",
    "E5 list price lowered": "E5 指导价下调",
    "Year-end campaign": "年末促销",
    "Trade-in subsidy ends": "以旧换新补贴到期",
    "A rival cuts the price of E7-class cars": "竞品下调 E7 同级车价格",
    "Ride-hailing fleet, Chengdu": "成都网约车车队",
    "M8 start of sales": "M8 上市",
    "C3 City leaves the range": "C3 都市版停售",
    "Spring Festival: dealers close for a week": "春节：经销商停业一周",
    # assumptions, deviations and changes by hand
    "The trade-in subsidy ends with this year": "以旧换新补贴今年年底到期",
    "Notice of 30 October": "10月30日通知",
    "CellNova delivers at least 3,200 B75 packs a month": "芯诺每月至少交付 3,200 套 B75 电池包",
    "Supplier's letter": "供应商来函",
    "M8 starts on time in four months": "M8 四个月后如期上市",
    "Crash test booked": "碰撞试验已预约",
    "E5 sells as forecast while its rival waits": "竞品观望期间 E5 销量与预测相符",
    "C3 keeps its volume until the summer": "C3 销量保持到夏季",
    "Fuel cars sell 6,000 a month at least": "燃油车每月至少销售 6,000 辆",
    "A rival raised its price in the middle of the month": "竞品月中涨价",
    "Auto show leads came in three weeks early": "车展线索提前三周转化",
    "Fleet tender moved to next month": "集采订单移至下月",
    "Dealers sold from the yard first": "经销商先消化库存",
    "Fleet order of the city taxi company moves to summer": "市出租车公司的集团订单移至夏季",
    "The trade-in subsidy ends with the year": "以旧换新补贴年底到期",
    "A rival lists its city car ¥6,000 lower": "竞品城市车型指导价下调 6,000 元",
    "Quarter target of the region": "大区季度目标",
    "Registrations of the first two weeks": "前两周上牌量",
    "Fleet tender decided": "集采招标已定",
    "Paint robot stood for two days": "涂装机器人停机两天",
    "B75 packs came four days late": "B75 电池包晚到四天",
    # suppliers
    "Ship waits for a berth": "货船等待靠泊",
    "Second coating line is down for repair": "二号涂布线停机检修",
    "Works through Spring Festival, ships after it": "春节期间不停产，节后发货",
    # promises, risks and options
    "Clear 400 C3 from the Hefei yard": "清理合肥库存的 400 辆 C3",
    "Sign the spare tool for the body shop of line 2": "签订二线焊装备用工装",
    "Second source for B75 packs: audit GreenCell": "B75 电池包第二供应商：审核绿能电池",
    "Ask key customers for their summer call-offs": "向重点客户确认夏季要货计划",
    "A rival cuts the price of E7-class cars by ¥8,000": "竞品 E7 同级车降价 8,000 元",
    "CellNova misses 3,200 packs again": "芯诺再次达不到 3,200 套",
    "City schemes replace the subsidy": "地方补贴接续",
    "PowerLink takes back half at 60 %": "动联按六折收回一半",
    "Second paint line": "第二条涂装线",
    "in the hall of the old press shop": "利用旧冲压车间厂房",
    "Second validation bench": "第二个试验台架",
    "Third assembly crew": "总装第三班组",
    # material of the departments
    "S6 Sport line: 1,200 cars a month at two shifts": "S6 运动版产线：两班每月 1,200 辆",
    "Chongqing line 3: second half of next month": "重庆三线：下月下半月",
    "900 cars next month": "下月 900 辆",
    "97 % of this month's plan built": "本月计划完成 97%",
    "B75 packs: CellNova limits to 3,200 a month from next month on": "B75 电池包：芯诺下月起每月限供 3,200 套",
    "B75: 18 days, motor controllers: 31 days": "B75：18 天；电机控制器：31 天",
    "B75: 11th and 25th": "B75：11日和25日",
    "E7 Long Range and AWD in the first quarter": "一季度 E7 长续航和四驱版",
}
