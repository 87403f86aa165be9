"""Looking without changing. Each file answers one question, and the engine's face asks it.

Others take from here: ``administration`` (who has changed what of the installation, and how it fares), ``conversation``
(what was said about a job), ``correspondence`` (and without one), ``files`` (who may open them), ``promising``
(promises), ``proving`` (receipts), ``needs`` (what starting a job asks), ``inbox`` (what waits for somebody, and one
step), ``agenda`` (what is booked for some days), ``calendar_files`` (the same for calendar programs), ``free_hours``
(when there is room), ``tracking`` (where a job is, and lists), ``answering`` (what a command came to), ``histories``
(what happened), ``stuck`` (what waits for what), ``records`` (what is known of customers), ``timeline`` (what happened
with one), ``own_data`` (all that is kept of one), ``auditing`` (whether histories agree), ``changes`` (whether
something has changed) and ``archives`` (jobs in a file), ``balloting`` (somebody's own ballot), ``insight`` (what all
jobs have taught), ``forecast`` (what to order today).
"""
