"""Bad input at every command: an exit code, what is wrong, where, what is possible; never a traceback or an escape."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from flowengine.cli import flow

if TYPE_CHECKING:
    from conftest import Flow

HOSTILE = "\x1b[2J\x1b]0;x\x07\u202ereversed\u2066\u200b\r\n\x9b31m"
"""What would clear a terminal, name it, turn the words round, hide in them, and draw a line of its own."""

UNREADABLE = "/proc/self/mem"
"""A file that is there and that nobody can read from its beginning, not even root."""

WRONG = [
    # no such process, job, step, call, person, outcome
    ("calendar close nowhere 2030-01-01 2030-01-02 --as olga", 1, "there is no calendar 'nowhere'"),
    ("calendar save zzzz --to x.ics", 1, "no job 'zzzz'"),
    ("calendar free nowhere --as olga", 1, "there is no calendar 'nowhere'"),
    ("calendar free --day someday --as olga", 2, "someday"),
    ("calendar free --as ada", 1, "may see the free hours of calendars"),
    ("status --as tom", 1, "only an operator may see how the installation fares"),
    ("jobs --begun-before lately", 2, "'lately' is neither a span"),
    ("customer facts ada --of zzzz --as tom", 1, "zzzz"),
    ("feed end zzzz", 1, "there is no feed 'zzzz'"),
    ("start nothing --set wish=x", 1, "there is no process 'nothing'"),
    ("texts missing.yaml --language de", 1, "there is no such file"),
    ("texts broken.yaml --language de", 1, "broken.yaml:"),
    ("texts workshop.yaml --language fr", 2, "'en', 'de'"),
    ("texts workshop.yaml", 2, "--language"),
    ("diff missing.yaml", 1, "there is no such file"),
    ("diff broken.yaml", 1, "broken.yaml:"),
    ("diff workshop.yaml --against 0123", 1, "0123"),
    ("diff workshop.yaml --against missing.yaml", 1, "there is no such file"),
    ("agreement nothing", 1, "there is no process 'nothing'"),
    ("agreement missing.yaml", 1, "there is no such file"),
    ("agreement broken.yaml", 1, "broken.yaml:"),
    ("agreement workshop --against 0123", 1, "0123"),
    ("agreement workshop --against missing.json", 1, "there is no such file"),
    ("draw nothing", 1, "there is no process 'nothing'"),
    ("insight nothing --as tom", 1, "there is no process 'nothing'"),
    ("insight workshop --as ada", 1, "may see what all jobs have taught"),
    ("insight workshop --since May --as olga", 1, "'May' is no month"),
    ("insight workshop --since 2026-05 --until 2026-04 --as olga", 1, "2026-04 is before 2026-05"),
    ("insight workshop --by customer --as olga", 2, "--by"),
    ("insight workshop --rebuild --as tom", 1, "only an operator may have all that jobs teach counted anew"),
    ("forecast nothing --as tom", 1, "there is no process 'nothing'"),
    ("forecast workshop --as ada", 1, "may see what is to be ordered"),
    ("forecast workshop --service 95 --as tom", 1, "95.0 is no share between 0 and 1"),
    ("forecast workshop --service nan --as tom", 1, "nan is no share between 0 and 1"),
    ("forecast workshop --service much --as tom", 2, "much"),
    ("forecast workshop --stock missing.csv --as tom", 1, "there is no such file"),
    ("forecast workshop --stock broken.yaml --as tom", 1, "line 1: there is no column"),
    ("administration --limit 0", 2, "--limit"),
    ("administration --as tom", 1, "only an operator may see what was changed of the installation"),
    ("jobs --process nothing", 1, "there is no process 'nothing'"),
    ("jobs --customer nobody --as olga", 1, "there is nobody called 'nobody'"),
    ("jobs --after zzzz", 1, "no job 'zzzz'"),
    ("track zzzz", 1, "no job 'zzzz'"),
    ("history zzzz --as olga", 1, "no job 'zzzz'"),
    ("audit zzzz --as olga", 1, "no job 'zzzz'"),
    ("draw --job zzzz", 1, "no job 'zzzz'"),
    ("say zzzz hello", 1, "no job 'zzzz'"),
    ("message zzzz hello", 1, "no job 'zzzz'"),
    ("message JOB hello --to zzzz.9", 1, "no question 'zzzz.9'"),
    ("message JOB hello --file missing.pdf", 1, "No such file"),
    ("message JOB hello --file workshop.yaml", 1, "is called .yaml, and is a text"),
    ("message JOB", 1, "flow message JOB TEXT"),
    ("note JOB hello", 1, "write a message"),
    ("note zzzz hello --as tom", 1, "no job 'zzzz'"),
    ("write", 1, "flow write TEXT"),
    ("write hello --to nobody --as tom", 1, "nobody"),
    ("write hello --as tom", 1, "only the customer himself"),
    ("conversation", 2, "Name a JOB"),
    ("conversation JOB --open", 2, "Name a JOB"),
    ("conversation zzzz", 1, "no job 'zzzz'"),
    ("conversation JOB --after zzzz", 1, "no place in the conversation"),
    ("conversation --open", 1, "see who waits"),
    ("file show zzzz", 1, "no file 'zzzz'"),
    ("file get zzzz", 1, "no file 'zzzz'"),
    ("file refuse zzzz --because Why", 1, "only an operator"),
    ("file refuse zzzz --because Why --as olga", 1, "no file 'zzzz'"),
    ("change zzzz rethink --yes", 1, "no job 'zzzz'"),
    ("withdraw zzzz --yes", 1, "no job 'zzzz'"),
    ("promise ask zzzz --to 2030-01-01 --because Why --as olga", 1, "no job 'zzzz'"),
    ("promise ask JOB --to soon --because Why --as olga", 2, "neither a day"),
    ("promise ask JOB --to 2030-01-01 --because Why", 1, "only staff and operators may"),
    ("promises --as ada", 1, "only staff and operators may list promises"),
    ("promises --after zzzz --as olga", 1, "is no place"),
    ("receipt list zzzz", 1, "no job 'zzzz'"),
    ("receipt save zzzz --to r.json", 1, "no job 'zzzz'"),
    ("receipt save JOB.99 --to r.json", 1, "no receipt"),
    ("receipt save JOB.x --to r.json", 2, "neither a job nor a receipt"),
    ("receipt verify missing.json", 2, "does not exist"),
    ("add zzzz state item", 1, "no job 'zzzz'"),
    ("migrate zzzz", 1, "only an operator may migrate a job"),
    ("migrate zzzz --as olga", 1, "no job 'zzzz'"),
    ("send dried --job zzzz --as olga", 1, "no job 'zzzz'"),
    ("customer show zzzz --as olga", 1, "there is nobody called 'zzzz'"),
    ("customer note ada --as olga", 1, "text: is missing"),
    ("customer note ada x --job zzzz --as olga", 1, "no job 'zzzz'"),
    ("customer answer zzzz x --as olga", 1, "no fact 'zzzz'"),
    ("customer merge ada ada --because R --yes --as olga", 1, "ada is himself already"),
    ("customer unmerge ada --as olga", 1, "was not merged into anybody"),
    ("customer timeline ada --after zzzz --as olga", 1, "no place in a timeline"),
    ("customer find --as ada", 1, "only staff and operators may search customers"),
    ("people import missing.csv --as olga", 1, "there is no such file"),
    ("people import missing.vcf --as olga", 1, "there is no such file"),
    ("people import workshop.yaml.vcf --as olga", 1, "there is no such file"),
    ("people export --all --vcard --as olga", 2, "--vcard goes with one ID"),
    ("consent give ada --to mill --until 2030-01-01 --as ada", 1, "there is no partner 'mill'"),
    ("consent give ada --to mill --as ada", 2, "Missing option '--until'"),
    ("consent give ada --to mill --until soon --as ada", 2, "soon"),
    ("consent give ada --to mill --until 2030-01-01 --what soul --as ada", 2, "'soul' is not one of"),
    ("consent give tom --to mill --until 2030-01-01 --as olga", 1, "tom is a member of staff"),
    ("consent list nobody --as olga", 1, "there is nobody called 'nobody'"),
    ("consent list ben --as ada", 1, "nobody with the id 'ben'"),
    ("consent withdraw ada --to mill --as ada", 1, "has not consented"),
    ("people send ada --to mill --as tom", 1, "there is no partner 'mill'"),
    ("people send ada --to mill --as ada", 1, "only staff and operators may send a record"),
    ("people export --as olga", 2, "Name one ID, or say --all."),
    ("my-data -o /nothing/x", 1, "the file cannot be written"),
    ("act zzzz.9", 1, "no step 'zzzz.9'"),
    ("claim zzzz.9", 1, "no step 'zzzz.9'"),
    ("release zzzz.9", 1, "no step 'zzzz.9'"),
    ("assign zzzz.9 tom", 1, "no step 'zzzz.9'"),
    ("retry zzzz.9", 1, "only an operator may"),
    ("retry zzzz.9 --as olga", 1, "zzzz.9"),
    ("retry nothing/1 --as olga", 1, "there is no schedule 'nothing/1'"),
    ("end zzzz --because Why --yes --as olga", 1, "no job 'zzzz'"),
    ("move zzzz sew --because Why --as olga", 1, "no job 'zzzz'"),
    ("set zzzz need.day 1 --because Why --as olga", 1, "no job 'zzzz'"),
    ("call skip zzzz.9 --because Why --as olga", 1, "zzzz.9"),
    ("deadline zzzz.9 --to P3D --because Why --as olga", 1, "zzzz.9"),
    ("deadline JOB.STEP --to soon --because Why --as olga", 2, "neither a span"),
    ("deadline JOB.STEP --to 2030-01-01T09:00 --because Why --as olga", 1, "needs its zone"),
    ("deadline JOB.STEP --to 2020-01-01T09:00Z --because Why --as olga", 1, "is over"),
    ("timers zzzz --as olga", 1, "no job 'zzzz'"),
    ("timers JOB --as ada", 1, "only an operator may list the timers"),
    ("timer fire zzzz.9 --because Why --as olga", 1, "no timer 'zzzz.9'"),
    ("timer drop JOB.STEP --because Why --as olga", 1, "no longer set"),
    ("handover nobody ada --because Why --as olga", 1, "nobody"),
    ("move JOB nowhere --because Why --as olga", 1, "nowhere"),
    ("set JOB nothing.day 1 --because Why --as olga", 1, "nothing"),
    ("people show nobody --as olga", 1, "there is nobody called 'nobody'"),
    ("inbox --process nothing", 1, "there is no process 'nothing'"),
    ("inbox --role maker", 1, "ada does not have the role 'maker'"),
    ("inbox --after nonsense", 1, "a page goes on after the place"),
    ("inbox -o nothing", 2, "there is no column 'nothing'"),
    ("jobs --sort-by nothing", 2, "there is no column 'nothing'"),
    ("jobs --archive missing.jsonl", 1, "there is no such archive"),
    ("history JOB --archive workshop.yaml", 1, "this is no archive of flowengine"),
    ("track JOB --archive folder", 1, "there is no such archive"),
    ("start workshop --set wish=x --set width=80 --as adaa", 1, "there is nobody with the id 'adaa' yet"),
    ("people add max --role makr --as olga", 1, "did you mean 'maker'?"),
    ("people add max --contact ada@example.org --as olga", 1, "is that of ada already"),
    ("retry --process nothing --as olga", 1, "there is no process 'nothing'"),
    ("inbox --as nobody", 1, "there is nobody with the id 'nobody'"),
    ("agenda --as nobody", 1, "there is nobody with the id 'nobody'"),
    ("agenda --day someday", 2, "'someday' is no day like 2026-12-24, 24 Dec 2026, today or tomorrow"),
    ("agenda --day today --from today", 2, "--day names one day, --from and --to several"),
    ("agenda --to tomorrow", 2, "--to needs --from"),
    ("agenda --from tomorrow --to today", 1, "must not be before the first day"),
    ("agenda --from 2026-01-01 --to 2026-12-31", 1, "an agenda has at most 92 days"),
    ("agenda --day 9999-12-31", 2, "9999-12-31 is too far away"),
    ("agenda --limit 0", 2, "limit"),
    ("agenda --person nobody --as olga", 1, "nobody"),
    ("agenda --role makr --as olga", 1, "there is no role 'makr' (did you mean maker?)"),
    ("agenda --calendar bnch --as olga", 1, "there is no calendar 'bnch' (did you mean bench?)"),
    ("agenda --role maker --as ada", 1, "only the customer himself"),
    ("agenda --person ben --as ada", 1, "only the customer himself"),
    ("act JOB --outcome nope", 1, "the step has no outcome 'nope'"),
    ("change JOB nope --yes", 1, "nope"),
    ("change JOB withdraw --seen abc", 2, "is no digest"),
    ("migrate JOB --to nope --as olga", 1, "nope"),
    ("migrate", 2, "Name a job, or --process NAME --all"),
    ("migrate JOB --all", 2, "--from and --all are for the jobs of a process"),
    ("migrate --process workshop", 2, "say so with --all"),
    ("migrate --process nothing --all --as olga", 1, "there is no process 'nothing'"),
    ("migrate --process workshop --all --from nope --as olga", 1, "nope"),
    ("migrate JOB --map x --as olga", 2, "--map takes OLD=NEW"),
    ("migrate JOB --fill x --as olga", 2, "--fill takes key=value"),
    ("migrate JOB --fill x:={ --as olga", 2, "--fill x: this is not JSON"),
    # answers
    ("act JOB --set wood:={bad", 2, "--set wood: this is not JSON"),
    ("act JOB --set wood", 2, "--set takes key=value, or key:=JSON; not 'wood'"),
    ("act JOB --set wood=teak --set legs=4", 1, "'teak' is not one of oak, pine"),
    ("act JOB --set wood:=[1]", 1, "is missing; choose one of 3, 4"),
    ("act JOB --set colour=red", 1, "is not asked here"),
    ("act JOB --answer {", 2, "--answer: this is not JSON"),
    ("act JOB --answer 3", 2, "--answer must be a JSON object"),
    ("act JOB --answer @missing.json", 2, "missing.json: No such file"),
    ("act JOB --answer @folder", 2, "folder: Is a directory"),
    ("act JOB --answer @binary", 2, "binary is not UTF-8 text"),
    (f"act JOB --answer @{UNREADABLE}", 2, f"{UNREADABLE}: Input/output error"),
    ("people hours nobody mon=09:00-12:00 --as olga", 1, "there is nobody called 'nobody'"),
    ("people hours tom monday --as olga", 2, "Hours are given as mon-fri=09:00-17:00; not 'monday'"),
    ("people hours tom monday=09:00-12:00 --as olga", 1, "'monday' is not a weekday"),
    ("people hours tom mon=9-12 --as olga", 1, "'9-12' are not hours"),
    ("people hours tom mon=09:00-12:00 --zone Nowhere --as olga", 1, "'Nowhere' is not a time zone"),
    ("people hours tom mon=09:00-12:00", 1, "only staff and operators may set when"),
    ("people hours ada mon=09:00-12:00 --as olga", 1, "ada is a customer"),
    ("people away tom soon 2026-12-26 --as olga", 2, "'soon' is neither a day like 24 Dec 2026 nor a moment"),
    ("people away tom 5/11 2026-12-26 --as olga", 2, "type the one you mean like that"),
    ("people away tom 2026-12-26 2026-12-24 --as olga", 1, "must be after the beginning"),
    ("people back tom 2026-12-26 --as olga", 1, "no absence of tom begins at"),
    ("people add ben --record size:={", 2, "size: this is not JSON"),
    ("people add a,b --as olga", 1, "'a,b' is no id"),
    ("people add bea --zone Europe/Lodnon --as olga", 1, "'Europe/Lodnon' is not a time zone"),
    ("people add tom --role maker --group x", 2, "--role and --staff are for staff"),
    ("people leave nobody --because R --yes --as olga", 1, "nobody"),
    ("people leave ada --because R --yes --as olga", 1, "is a customer, who does not leave"),
    ("people leave tom --as olga", 2, "--because"),
    ("people erase nobody --because R --yes --as olga", 1, "there is nobody with the id 'nobody'"),
    ("people erase ada --because R --yes --as olga", 1, "ada cannot be erased while a job of his is open"),
    ("people erase tom --because R --yes --as olga", 1, "tom is staff"),
    ("people erase ada --because R --as olga", 2, "say --yes"),
    ("people erase ada --as olga", 2, "--because"),
    ("suspend JOB --as olga", 2, "--because"),
    ("suspend --because R --as olga", 2, "Name one JOB"),
    ("suspend JOB --process workshop --because R --as olga", 2, "Name one JOB"),
    ("suspend --process workshp --because R --as olga", 1, "workshop"),
    ("suspend --process workshop --because R --dry --as olga", 2, "--dry and --key are for jobs"),
    ("resume JOB --because R --as olga", 1, "the job is not suspended"),
    ("resume --process workshop --because R --as olga", 1, "workshop is not suspended"),
    ("send nothing --job JOB --as olga", 1, "nothing"),
    # somebody else's
    ("act JOB --set wood=oak --as ben", 1, "no job"),
    ("act JOB.STEP --set wood=oak --as ben", 1, "no step"),
    ("claim JOB.STEP --as tom", 1, "no step"),
    ("withdraw JOB --yes --as ben", 1, "no job"),
    ("assign JOB.STEP nobody --as olga", 1, "nobody"),
    ("say JOB x --kind question --as ben", 1, "no job"),
    ("say JOB x --kind answer --to JOB.STEP --as tom", 1, "no question"),
    ("say JOB x --kind answer --to nothing --as tom", 1, "no question"),
    ("say JOB x --to JOB.STEP --as tom", 2, "--to goes with --kind answer"),
    ("say JOB --kind question --as ada", 1, "is missing"),
    ("ballot JOB.STEP --as ada", 1, "no vote"),
    ("ballot JOB --as ada", 1, "no vote"),
    ("ballot nothing --as ada", 1, "no vote"),
    ("ballot --as ada", 2, "VOTE"),
    ("takeback JOB.STEP --as ben", 1, "no step"),
    ("takeback nothing --as ada", 1, "no step"),
    ("takeback --as ada", 2, "QUESTION"),
    # files
    ("check missing.yaml", 1, "there is no such file"),
    ("check folder", 1, "this is not a file"),
    ("check --explain no-such-code", 1, "there is no such code"),
    ("check --explain no-need folder", 2, "leave the files out"),
    (f"check {UNREADABLE}", 1, "Input/output error"),
    ("deploy binary", 1, "not-utf8"),
    ("deploy missing.yaml", 1, "there is no such file"),
    ("deploy folder", 1, "this is not a file"),
    ("deploy broken.yaml", 1, "broken.yaml:"),
    ("draw missing.yaml", 1, "there is no such file"),
    ("draw folder/", 1, "this is not a file"),
    ("draw broken.yaml", 1, "broken.yaml:"),
    ("draw workshop -o missing/x.md", 1, "No such file"),
    ("new Bad-Name", 1, "small letters"),
    ("new shop -o missing/x.yaml", 1, "No such file"),
    ("new shop --template nothing", 1, "table_service"),
    ("worker --once --handlers missing", 1, "cannot be loaded"),
    ("worker --once --handlers workshop_handlers:nothing", 1, "cannot be loaded"),
    ("archive workshop.yaml --ended-before P1D --yes --as olga", 1, "there is such a file already"),
    ("archive missing/x.jsonl --ended-before P1D --yes --as olga", 1, "No such file"),
    ("archive x.jsonl --ended-before soon", 2, "neither a span like P365D nor a date"),
    ("audit --archive missing.jsonl", 1, "there is no such archive"),
    ("audit --archive workshop.yaml", 1, "this is no archive of flowengine"),
    ("db backup workshop.yaml", 1, "there is such a file already"),
    ("db backup missing/x.db", 1, "No such file"),
    ("token create king ada --as olga", 1, "king"),
    ("token create worker ada --as olga", 1, "handler"),
    ("token create metrics ada --expires soon", 2, "neither a span like P30D nor a moment"),
    ("token revoke nothing --as olga", 1, "nothing"),
    ("token create", 2, "--own"),
    ("token create --own", 2, "--own"),
    ("token create metrics ada --own --scope read", 2, "--own"),
    ("token create --own --scope king", 2, "king"),
    ("token create --own --scope operate", 1, "only operators operate"),
    ("token create --own --scope read --expires 2020-01-01T00:00:00Z", 1, "expires"),
    ("token revoke nothing --own", 1, "you have no token 'nothing'"),
    # being known
    ("sessions end", 2, "Name one session"),
    ("sessions end x --all", 2, "Name one session"),
    ("sessions end nothing", 1, "no session 'nothing'"),
    ("sessions list --person tom", 1, "nobody with the id 'tom'"),
    ("link create zzzz", 1, "no job 'zzzz'"),
    ("link create zzzz.9", 1, "no step 'zzzz.9'"),
    ("link create JOB --person nobody --as olga", 1, "nobody"),
    ("link create JOB --expires soon", 2, "neither a span like P30D nor a moment"),
    ("link create JOB --expires P90D", 1, "expires"),
    ("link list zzzz", 1, "no job 'zzzz'"),
    ("link revoke nothing", 1, "no link 'nothing'"),
    ("link enrol tom", 1, "only an operator may"),
    ("link enrol nobody --as olga", 1, "nobody"),
    ("keys remove nothing", 1, "nothing"),
    ("keys list --person tom", 1, "nobody with the id 'tom'"),
    ("keys bind tom nowhere 1 --as olga", 1, "no provider 'nowhere'"),
    ("devices approve BCDF-GHJK", 1, "no device that waits"),
    ("devices approve BCDF-GHJK --scope king", 2, "king"),
    ("devices deny BCDF-GHJK", 1, "no device that waits"),
    ("serve --port 99999", 2, "99999"),
    ("serve --host 192.0.2.1 --port 0", 1, "192.0.2.1"),
    # trying a file
    ("try missing.yaml", 1, "there is no such file"),
    ("try broken.yaml", 1, "broken.yaml"),
    ("try workshop.yaml --script missing.txt", 1, "there is no such file"),
    ("try workshop.yaml --script binary", 1, "this is not a text in UTF-8"),
    ("try workshop.yaml --script strange.txt", 1, "'ada fly' cannot happen here"),
    ("try workshop.yaml --script teak.txt", 1, "'teak' is not one of oak, pine"),
    ("try workshop.yaml --random 0", 2, "random"),
    ("try workshop.yaml --random 2 --quick", 2, "leave out --script and --quick"),
    ("try workshop.yaml --seed 2", 2, "--seed is for --random N"),
    ("try workshop.yaml --from soon", 2, "'soon' is not a day"),
    ("try -", 2, "name the moves with --script FILE"),
    ("paths missing.yaml", 1, "there is no such file"),
    ("paths workshop.yaml --end nowhere", 1, "the process has no end 'nowhere'"),
    ("paths workshop.yaml --most 0", 2, "most"),
    ("accepts missing.yaml log.csv", 1, "there is no such file"),
    ("accepts workshop.yaml missing.csv", 1, "there is no such file"),
    ("accepts workshop.yaml workshop.yaml", 1, "the log has no column 'case'"),
    ("accepts workshop.yaml binary", 1, "the log is no text in UTF-8"),
    ("accepts workshop.yaml workshop.yaml --format xes", 1, "the log is no XML that can be read"),
    ("accepts workshop.yaml log.csv --activity what", 1, "the log has no column 'what'"),
    ("accepts workshop.yaml log.csv --format pdf", 2, "pdf"),
    ("accepts workshop.yaml bomb.xes", 1, "a log with a document type is not read"),
    # databases
    ("inbox --at sqlite:///none.db", 1, "there is no database here yet"),
    ("inbox --at sqlite:///text.db", 1, "the file is not a SQLite database"),
    ("deploy workshop.yaml --at sqlite:///text.db", 1, "the file is not a SQLite database"),
    ("db create --at sqlite:///folder", 1, "cannot be opened"),
    ("deploy workshop.yaml --at sqlite:///missing/x.db", 1, "there is no such folder"),
    ("inbox --at sqlite:///newer.db", 1, "the database has schema 9999"),
    ("inbox --at sqlite:///older.db", 1, "flow db upgrade"),
    ("db upgrade --at sqlite:///newer.db", 1, "the database has schema 9999"),
    ("jobs --at mysql://host/name", 1, "mysql is not a database that is taken"),
    ("jobs --at nonsense", 1, "'nonsense' is not the address of a database"),
    # servers
    ("jobs --at https://example.org", 1, "nobody has signed in there"),
    ("jobs --at http://example.org", 1, "anybody on the way could read the token"),
    ("jobs --at https://ada:secret@example.org", 1, "no user and no password"),
    ("jobs --at https://", 1, "no address of a server"),
    ("worker --once --at https://example.org", 1, "a worker runs where the database is"),
    ("serve --at https://example.org", 1, "it is served where the database is"),
    ("db create --at https://example.org", 1, "tables are made and upgraded where the database is"),
    ("db upgrade --at https://example.org", 1, "tables are made and upgraded where the database is"),
    ("db backup x.db --at https://example.org", 1, "a database is copied where it is"),
    ("login", 2, "Say where"),
    ("login ftp://example.org", 2, "leave out --as"),
    ("logout", 1, "nobody has signed in anywhere"),
    ("logout https://example.org", 1, "nobody has signed in there"),
    ("logout example.org", 1, "no address of a server"),
    ("whoami --at https://example.org", 1, "nobody has signed in there"),
    # words
    ("inboks", 2, "Did you mean 'inbox'?"),
    ("db drop", 2, "There is no command 'drop'"),
    ("people contact add ada X --as olga", 1, "no mail address, telephone number or URL"),
    ("people contact add ada ada@example.org --kind phone --as olga", 1, "is no telephone number"),
    ("people contact remove ada x@example.org --as olga", 1, "'ada' has no such contact"),
    ("people acting let ada ada --as olga", 1, "everybody acts for himself already"),
    ("people acting let ada tom --as olga", 1, "tom is staff, for whom nobody acts"),
    ("people acting let tom ada --until 2020-01-01 --as olga", 1, "until: is over"),
    ("people acting let tom ada --from 2030-01-03 --until 2030-01-01 --as olga", 1, "until: is not after since"),
    ("people acting end tom ada --as olga", 1, "'tom' does not act for 'ada'"),
    ("people acting let tom ada --may rule --as olga", 2, "'rule' is not one of"),
    ("people add --role maker --as olga", 2, "A member of staff has an ID"),
    ("people remove", 2, "There is no command 'remove'"),
    ("jobs --status lost", 2, "lost"),
    ("jobs --limit 0", 2, "limit"),
    ("completion cmd", 2, "cmd"),
    ("demo --colour", 2, "--colour"),
]


@pytest.fixture
def spoilt(shop: Flow) -> Flow:
    """The workshop among files that are of no use."""
    folder = shop.folder
    (folder / "folder").mkdir()
    (folder / "binary").write_bytes(b"\xff\xfe\x00{}")
    (folder / "broken.yaml").write_text("process: broken\nstates: {need: {type: nothing}}\n", "utf-8")
    (folder / "log.csv").write_text("case,activity,time\n1,choose,soon\n", "utf-8")
    (folder / "bomb.xes").write_text('<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "b">]><log/>', "utf-8")
    (folder / "strange.txt").write_text("need\nada fly\n", "utf-8")
    (folder / "teak.txt").write_text("ada choose: chosen wood=teak\n", "utf-8")
    (folder / "text.db").write_text("This is a letter to Ada. " * 200, "utf-8")
    for name, revision in (("newer.db", "9999"), ("older.db", "0000")):
        shop.run("db", "create", "--at", f"sqlite:///{folder}/{name}")
        with sqlite3.connect(folder / name) as connection:
            connection.execute("UPDATE flow_schema SET version_num = ?", (revision,))
            connection.execute("UPDATE flow_settings SET value = '9999' WHERE name = 'oldest_code'")
        connection.close()
    return shop


def test_bad_input_is_told(spoilt: Flow) -> None:
    """Every command says in words and in JSON what is wrong, with exit code 1 for refused and 2 for wrong use."""
    job = spoilt.start()
    step = spoilt.step(job, "ada")
    before = spoilt.json("history", job)
    otherwise = {}
    for line, code, said in WRONG:
        words = line.replace("JOB.STEP", step).replace("JOB", job).split(" ")
        told = spoilt.run(*words, who="ada", code=None)
        shown = spoilt.run(*words, "--json", who="ada", code=None)
        document = json.loads(shown.stdout)
        said_so = said in told.stderr and (said in str(document) or said.removesuffix(":") in str(document))
        fine = said_so and document["error"] and not told.stdout and not shown.stderr
        if not fine or (told.exit_code, shown.exit_code) != (code, code):
            otherwise[line] = (told.exit_code, told.output, document)
    assert otherwise == {}
    assert spoilt.json("history", job) == before


def test_every_command_was_tried_with_bad_input() -> None:
    """No command is missing in the table: those without arguments are tried with a database that is none."""
    tried = {line.split()[0] for line, _, _ in WRONG}
    assert set(flow.entries) - tried <= {"processes", "incidents", "schedules"}


@pytest.mark.parametrize(
    "command", ["processes", "incidents", "schedules", "jobs", "audit", "people list", "worker --once"]
)
def test_a_server_that_is_not_there_is_told(shop: Flow, command: str) -> None:
    """A PostgreSQL that cannot be reached is told as that, with its address and without its password."""
    address = "postgresql+psycopg://ada:secret@127.0.0.1:1/none"
    error = shop.json(*command.split(), "--at", address, code=1)
    assert error["error"] == "ConnectionLost"
    assert error["what"].startswith("PostgreSQL could not be reached: ")
    assert "kept" not in error["what"]
    assert "127.0.0.1:1" in error["where"]
    assert error["possible"]
    told = shop.run(*command.split(), "--at", address, code=1).stderr
    assert "secret" not in told + str(error)
    assert "127.0.0.1:1" in told


OF_A_JOB = [
    "track X", "say X hello", "change X", "change X withdraw --yes", "withdraw X --yes", "add X choose item", "claim X",
    "claim X.N", "release X", "release X.N", "assign X.N tom", "act X", "act X.N --set wood=oak", "history X",
    "history X --raw", "audit X", "timers X", "end X --because R --yes", "move X choose --because R",
    "set X need.wish y --because R", "suspend X --because R", "resume X --because R", "call skip X.N --because R",
    "call fail X.N --because R", "deadline X.N --to P3D --because R", "retry X.N", "timer fire X.N --because R",
    "migrate X", "send dried --job X", "draw --job X", "jobs --after X", "track X --follow",
    "history X --follow -o jsonl",
]  # fmt: skip
"""Each command that is about one job or step."""


@pytest.mark.parametrize("who", ["ben", "zed", "tess", "olga"])
def test_what_is_not_for_somebody_is_as_if_it_were_not_there(shop: Flow, who: str) -> None:
    """Another customer and a stranger are answered alike, to the letter, whether a job or step is somebody else's or
    was never there; staff and operators, who may see it, are told in a typed error, or do it."""
    job, gone = shop.start(), "0123abcd"
    number = shop.step(job, "ada").partition(".")[2]
    before = shop.json("history", job)
    otherwise = {}
    hidden = who in ("ben", "zed")
    for line in OF_A_JOB:
        if "--follow" in line and not hidden:
            continue  # it would go on as long as the job does
        form = [] if "--follow" in line else ["--json"]
        there, missing = (
            shop.run(*line.replace("X", id).replace("N", number).split(), *form, who=who, code=None)
            for id in (job, gone)
        )
        alike = (there.exit_code, there.output.replace(job, gone)) == (missing.exit_code, missing.output)
        if missing.exit_code == 0 or (hidden and (there.exit_code == 0 or not alike)):
            otherwise[line] = (there.output, missing.output)
    assert otherwise == {}
    assert not hidden or shop.json("history", job) == before


COMMANDS = [
    "start X", "inbox --as X", "agenda --as X", "agenda --day X", "agenda --person X", "agenda --role X",
    "agenda --calendar X", "act X", "act X.1", "act --outcome X", "act --set X=1", "act --set wood=X",
    "act --set wood:=X", "act --answer X", "act --answer @X", "track X", "say X X", "say JOB --kind X x",
    "promise ask X --to X --because X", "promises --process X", "promises --after X", "receipt list X",
    "receipt save X --to r.json", "receipt verify X", "change X X --preview",
    "change X X --yes", "change JOB X --yes", "withdraw X --yes", "add X X X", "claim X", "release X",
    "assign X X", "assign STEP X",
    "people add X", "people hours X X", "people hours tom X --zone X", "people away X X X", "people back tom X",
    "people contacts X", "people contact add X X", "people contact remove ada X", "people acting show X",
    "people acting let X X --because X", "people acting let ben ada --until X", "people acting end X X",
    "people add x --name X", "people change X", "people show X", "people list --kind X", "people add x --record X",
    "customer show X", "customer note X X", "customer note ada X --kind X", "customer facts ada --after X",
    "customer timeline X", "customer answer X X", "customer change X X", "customer takeback X", "customer find X",
    "customer merge X X --because X --yes", "customer unmerge X", "customer distinct X X", "my-data -o X/x",
    "people import X", "people import X.vcf", "people export X", "consent give X --to X --until X",
    "consent give ada --to X --until 2030-01-01 --paper X", "consent list X", "consent withdraw X --to X",
    "people send X --to X", "people list --after X",
    "jobs --status X", "jobs --process X", "jobs --customer X", "jobs --after X", "history X", "audit X", "send X",
    "send X --key X --body X --job X", "retry X", "worker --once --handlers X", "worker --poll X", "new X",
    "new shop -o X/x", "new ours --template X", "check X", "check --explain X", "try X", "draw X", "draw --job X",
    "draw --format X", "texts X --language de", "diff X",
    "diff workshop.yaml --against X", "agreement X", "agreement workshop.yaml --against X", "deploy X", "migrate X",
    "migrate JOB --to X", "migrate JOB --map X=X --fill X=X", "migrate --process X --all --from X",
    "db X", "db create --at X", "jobs --at sqlite:///X/y", "completion X", "X", "--X", "jobs X",
    "demo --at X", "try workshop.yaml --script X", "paths X", "paths workshop.yaml --end X",
    "message X X", "message JOB x --to X", "message JOB x --file X", "note X X", "note JOB x --file X",
    "write x --to X", "write x --file X", "conversation X", "conversation JOB --after X", "conversation --with X",
    "file show X", "file get X", "file refuse X --because X",
    "sessions end X", "sessions list --person X", "link create X", "link create JOB --person X", "link revoke X",
    "link enrol X", "keys remove X", "keys bind X X X", "devices approve X", "devices deny X",
    "token create --own --scope read --name X", "token revoke --own X",
    "accepts X X", "accepts workshop.yaml X", "accepts workshop.yaml workshop.yaml --case X",
]  # fmt: skip


def test_hostile_words_are_shown_harmlessly(shop: Flow) -> None:
    """Whatever is given to whichever command comes back without an escape, an override or a line of its own."""
    job = shop.start()
    step = shop.step(job, "ada")
    for line in COMMANDS:
        words = [word.replace("JOB", job).replace("STEP", step).replace("X", HOSTILE) for word in line.split(" ")]
        told = shop.run(*words, who="ada", code=None)
        _harmless(line, told.stdout + told.stderr)
        found = shop.run(*words, "--json", who="ada", code=None)
        assert found.stdout.isascii(), line
        json.loads(found.stdout)


def test_hostile_texts_that_were_stored_are_shown_harmlessly(shop: Flow) -> None:
    """Names, contacts, records, wishes, words and keys come back as visible escapes, and whole in JSON."""
    shop.stored("eve", name=f"Eve{HOSTILE}", contact=HOSTILE, record={HOSTILE: HOSTILE})
    job = shop.start("eve", f"A table{HOSTILE}")
    shop.run("say", job, HOSTILE, "--key", "k" if shop.far else HOSTILE, who="eve")
    lines = ["people list", "people show eve", "jobs", "jobs --customer eve", f"history {job}", f"history {job} --raw"]
    lines += ["inbox --as eve", f"track {job} --as eve", f"track {job}", f"draw --job {job}", "audit", "incidents"]
    for line in lines:
        _harmless(line, shop.run(*line.split()).stdout)
    assert shop.json("people", "show", "eve")["record"] == {HOSTILE: HOSTILE}
    assert shop.json("history", job)[-1]["command"]["text"] == HOSTILE


def _harmless(line: str, out: str) -> None:
    assert "Traceback" not in out, line
    bad = {char for char in out if char in "\x1b\x07\u202e\u2066\u200b\r\x9b"}
    assert not bad, f"{line}: {bad}\n{out!r}"
