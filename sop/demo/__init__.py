"""The demo company: an invented Chinese car maker, made from tables and a seed, never from real data.

``catalogue`` says who the company is, ``market`` how its demand behaves and which stories are planted,
``sheets`` writes both as an ordinary company folder, ``story`` plays the monthly cycles through the services.
"""
