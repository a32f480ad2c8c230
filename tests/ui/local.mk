# screens on the fake engine
