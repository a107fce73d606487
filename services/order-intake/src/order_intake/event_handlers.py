from shared.registry import Handlers, Timers
handlers=Handlers(); timers=Timers()
