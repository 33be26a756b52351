"""What threats sound like, and what only sounds like one: eleven cues in English and Indonesian.

Patterns read folded text (lower case, disguises off). `<NAME>` stands for a list below. Adding a
cue is one line here and its sentences in the tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["threat", "veto"]


@dataclass(frozen=True, slots=True)
class Cue:
    """One way of saying it; `name` is the reason key that a span carries."""

    name: str
    kind: Kind
    lang: str
    pattern: re.Pattern[str]


# Verbs that kill or maim, bare form and participle. "die" and "burn" are kept apart: they are used
# without an object.
_LISTS = {
    "SOFT": r"kill|shoot|hang|gas|stone|gun|sword|axe|bulldoze|bash|attack|torch|poison|skin|knife|curb stomp|put down|take out"
    r"|wipe out|run over|cut down|smoke|end|bury|erase|eradicate|snuff out|eliminate|destroy|hurt"
    r"|maim|choke|stomp|beat|punch|slap|smash",
    "HARD": r"kill|shoot|hang|lynch|murder|execute|behead|decapitate|stab|slaughter|assassinate"
    r"|exterminate|strangle|drown|bomb|guillotine|crucify|impale|butcher|massacre|rape|torture"
    r"|dismember|gun down|string up|blow up|mow down|burn|gun|knife",
    "DONE": r"killed|shot|hanged|hung|lynched|murdered|executed|beheaded|decapitated|stabbed|gassed"
    r"|slaughtered|assassinated|exterminated|strangled|drowned|bombed|stoned|guillotined|torched"
    r"|crucified|impaled|butchered|massacred|raped|tortured|dismembered|poisoned|skinned|shredded"
    r"|gunned down|strung up|put down|put to death|taken out back|wiped out|blown up|eradicated"
    r"|burned alive|burnt alive|burned at the stake|drawn and quartered|dragged behind"
    r"|beaten to (?:death|a pulp)|six feet under|eliminated|castrated|erased|swinging from",
    "WHO": r"them|him|her|you|ya|u|em|these|those|all|every|everyone|everybody|each|any|his|their"
    r"|your|the|that|this|some|a|an|@\w+|trump|biden|obama|politicians?|cops?|traitors?|jews?"
    r"|muslims?|christians?|blacks?|whites?|gays?|immigrants?|migrants?|women|men|journalists?"
    r"|reporters?|judges?|teachers?|doctors?|democrats?|republicans?|liberals?|\[name\]"
    r"|trans|brown|asians?|mexicans?|chinese|refugees?|homos?|fagg?[oe]ts?|fags|nigg\w+|kikes?|spics?"
    r"|dykes?|trann(?:y|ies)|lesbians?|queers?|indians?|pakis?|arabs?|gyps(?:y|ies)|disabled|feminists?"
    r"|foreigners?|vaxx?ers|anti ?fa|blm|nazis?|commies?|pedos?|[\u2600-\u27bf\U0001f1e6-\U0001faff]+",
    "HIM": r"them|him|her|you|ya|u|em|these|those|all|every|everyone|everybody|each|any|their|your"
    r"|his|@\w+|[\u2600-\u27bf\U0001f1e6-\U0001faff]+",
    "PLACE": r"capitol|parliament|congress|senate|palace|mosques?|church(?:es)?|synagogues?|temples?"
    r"|schools?|stations?|offices?|embassy|houses?|homes?|buildings?|headquarters|courthouses?"
    r"|courts?|city hall|town hall|clinics?|barracks|newsroom|studios?|hospital|mall|airport"
    r"|concert|parade|rally|event|polling (?:place|station)s?|border|camps?|shelters?",
    "ARMS": r"guns?|rifles?|ar ?-?15s?|ak ?-?47s?|pistols?|shotguns?|weapons?|ammo|bullets?|machetes?"
    r"|kniv?f?es?|swords?|axes?|bombs?|grenades?|molotovs?|ropes?|nooses?|gallows|guillotines?"
    r"|gasoline|petrol|pitchforks?|bats|dynamite|explosives|acid|crossbow",
    "BODY": r"head|heads|skull|skulls|brain|brains|eyes|heart|neck|face|back|throat|throats|chest"
    r"|temple|forehead|spine|mouth|kneecaps?|legs?|arms?|bones|teeth|jaw|nose|fingers",
    "BUNUH": r"bunuh|bantai|gantung|bakar|penggal|tembak|habisi|habisin|ganyang|bacok|tusuk|gorok"
    r"|sembelih|hajar|gebukin?|keroyok|basmi|musnahkan|lenyapkan|libas|culik|siksa|perkosa|rajam"
    r"|eksekusi|cekik|tebas|racuni|matiin|bom|ledakkan|pancung|cincang|lindas|bikin mampus|injak"
    r"|patahkan|hancurkan|serang|serbu|pukuli|kubur|kuliti|habiskan|lempari|arak",
    "KERAS": r"bunuh|bantai|penggal|tembak|habisi|habisin|ganyang|bacok|gorok|sembelih|keroyok|basmi"
    r"|musnahkan|lenyapkan|rajam|eksekusi|tebas|pancung|cincang|gantung|bakar|matiin|libas|kuliti",
    "DIBUNUH": r"di(?:bunuh|bantai|gantung|bakar|penggal|tembak|habisi|ganyang|bacok|tusuk|gorok"
    r"|sembelih|hajar|gebukin?|keroyok|basmi|musnahkan|lenyapkan|libas|culik|siksa|perkosa|rajam"
    r"|eksekusi|cekik|tebas|racun|pancung|cincang|injak|hancurkan|serang|bom|kubur|arak|kuliti)"
    r"|mati|mampus|modar|musnah|binasa",
    "DIA": r"lo|lu|loe|elo|kau|kamu|kalian|dia|mereka|nya|si|para|semua|seluruh|setiap|tiap|itu|tuh"
    r"|orang|kaum|umat|antek|rezim|kafir|cina|pengkhianat|penista|provokator|bangsat|anjing|babi"
    r"|polisi|pejabat|koruptor|presiden|menteri|wartawan|ustad|pendeta|guru|hakim|jaksa|aja|saja"
    r"|rame rame|ramai ramai|ramean|bareng|sampai mati|hidup hidup|sekeluarga|keluarganya|warga"
    r"|suku|anggota|kader|pendukung|kepala|leher|tanpa ampun|satu (?:per|demi) satu|@\w+",
    "TEMPAT": r"kantor|gedung|rumah|gereja|masjid|vihara|pura|istana|dpr|mpr|polres|polsek|mapolres"
    r"|sekolah|kampus|kedutaan|markas|pabrik|toko|pasar|stasiun|kampung|desa|asrama|pesantren|pos",
    "SENJATA": r"golok|parang|pisau|pedang|celurit|clurit|senjata|senapan|pistol|peluru|bom|bensin"
    r"|molotov|linggis|samurai|panah|bambu runcing|balok|batu|tali gantungan|kapak",
}
_NAMED = re.compile("<([A-Z]+)>")


def _cue(name: str, kind: Kind, lang: str, *patterns: str) -> Cue:
    joined = "|".join(_NAMED.sub(lambda m: f"(?:{_LISTS[m.group(1)]})", one) for one in patterns)
    return Cue(name, kind, lang, re.compile(rf"(?<!\w)(?:{joined})(?!\w)"))


_BE = r"(?:be|get|been|being)"
_NOT = r"(?!not|never|n't)"
CUES: tuple[Cue, ...] = (
    _cue(
        "should_be_killed", "threat", "en",
        rf"(?:should|must|needs? to|ought to|deserves? to|got to|gotta|has to|have to|had better"
        rf"|shoulda|will|gonna|going to|to|can|let (?:them|him|her)) (?:{_NOT}\w+ ){{0,2}}?{_BE}"
        rf" (?:\w+ly |all |just |fucking |publicly )?(?:<DONE>)",
        r"(?:should|must|need to|needs to|deserves? to|ought to|will|gonna|let (?:them|him|her)"
        r"(?: all)?) (?:all |both |just |fucking )?(?:hang|swing|die|burn|bleed|fry|drown|rot in)",
        r"deserves? (?:a |the |nothing but |only )*(?:death|rope|bullets?|noose|guillotine"
        r"|firing squad|lynching|hanging|gallows|electric chair|beating|gas chamber|slow death)",
        r"needs? (?:a |an |some |the |another )+(?:bullet|rope|noose|hanging|lynching|killing"
        r"|firing squad|gallows|guillotine|assassination|assassin|sniper|public execution)",
        r"(?:bring back|time for|we need|call for|ready for) (?:the |a |some |public )*"
        r"(?:hangings?|executions?|gallows|guillotines?|firing squads?|nooses?|lynchings?)",
        r"public(?:ly)? (?:hangings?|executions?|hang(?:ed)?|executed?)|string (?:them|him|her|em) up",
        r"off with (?:his|her|their) heads?|against (?:a|the) wall and shot|firing squads? for",
        r"(?:only good|good) (?:\w+ ){1,2}is a dead|swing from (?:a|the) (?:\w+ )?(?:tree|rope|lamp"
        r" ?posts?|poles?)|up against the wall",
    ),
    _cue(
        "should_be_killed", "threat", "id",
        r"(?:harus|wajib|layak|pantas|mesti|perlu|kudu|patut|seharusnya|sebaiknya|mending|mendingan"
        r"|minta|enaknya|cocoknya|baiknya|biar|segera) (?:\w+ ){0,2}?(?:<DIBUNUH>)",
        r"(?:halal|tumpahkan) darah\w*|darah(?:nya| \w+)? (?:itu )?halal|hukum mati (?:saja|aja|dia)",
        r"(?:gantung|penggal|tembak|bakar) di (?:depan|muka) umum|nyawa (?:dibayar|bayar) nyawa",
    ),
    _cue(
        "i_will_kill", "threat", "en",
        r"(?:i|we|i ?'?ll|we ?'?ll|i ?'?m|we ?'?re|i ?'?d|imma|ima|gonna) (?:will |am |are |would |"
        r"gonna |going to |coming to |about to |want to |wanna |love to |like to |have to |gotta |"
        r"need to |swear |personally |happily |gladly |just |fucking |so |really |ready to |can |"
        r"could |might |should |to |go |all ){0,5}(?:(?:<HARD>) (?:\w+ )?(?:<WHO>)|(?:<SOFT>) (?:<HIM>))",
        r"(?:i|we|i ?'?ll|we ?'?ll|gonna|going to) (?:\w+ ){0,3}?(?:put|bash|smash|break|cave|blow|"
        r"cut|slit|slice|chop|rip|crack|stomp|kick) (?:\w+ ){0,3}?(?:his|her|their|your|ur|in the)"
        r" (?:\w+ )?(?:<BODY>)",
        r"(?:i|we) (?:will|want to|would love to|can'?t wait to) see (?:\w+ ){1,3}?(?:hang|die|burn"
        r"|bleed|swing|suffer|dead|hanged|shot|executed)",
    ),
    _cue(
        "i_will_kill", "threat", "id",
        r"(?:aku|gue|gua|gw|saya|kami|kita|gwa|ane) (?:yang |juga |akan |bakal |bakalan |mau |siap "
        r"|pasti |pengen |pengin |ingin |sendiri |sumpah |udah |sudah |nanti |ikut |rela |berani |"
        r"tinggal |harus ){0,4}(?:mem|men|meng|ng|nge|ny)?(?:<BUNUH>)\w{0,3}(?: \w+)?",
        r"(?:ku|gw|tak) ?(?:<KERAS>) (?:<DIA>)|ku(?:<KERAS>)(?: \w+)?",
    ),
    _cue(
        "imperative", "threat", "en",
        r"(?:(?:^|[.!?,:;\"\n-] ?)(?:then |and |so |just |please |go |now |yes |lets |let'?s |"
        r"everyone |patriots |someone |somebody |time to |we should |we must |we need to |we have to |"
        r"gotta |fuck it |come on |go ahead and |go and |rise up and |don'?t just \w+ ){0,3})"
        r"(?:<HARD>) (?:<WHO>)",
        r"(?:someone|somebody|everyone|anybody|anyone|patriots|people|you guys|y'?all|military|army)"
        r" (?:should |must |needs? to |has to |please |just |ought to |gotta |will |better |can |go )"
        r"{1,3}(?:(?:<HARD>) (?:<WHO>)|(?:<SOFT>) (?:<HIM>))",
        r"(?:let'?s|lets|time to|we should|we must|we need to|we have to|why (?:not|don'?t we)|"
        r"have to|want you to|go and|help me|start|just|keep) (?:just |all |go |to )?"
        r"(?:<HARD>)(?:ing)? (?:<WHO>)",
        r"(?:kill|shoot|hang|burn|slaughter|gas|lynch|bomb|exterminate|murder|behead|execute) (?:all |"
        r"them |every |each |these |those |the )+\w+",
        r"(?:<HARD>) (?:on sight|at will|without mercy)|open fire|no (?:mercy|prisoners)|shoot to kill",
        r"(?:break|smash|bash|kick|cut|slit|chop|crack|blow|rip|stomp|cave|knock) (?:\w+ )?"
        r"(?:his|her|their|your|them in the|him in the|off his|off their) (?:\w+ )?(?:<BODY>)",
    ),
    _cue(
        "imperative", "threat", "id",
        r"(?:<KERAS>)(?:lah|kan|in|i)? (?:(?:aja|saja|tuh|itu|dulu|terus) )?(?:<DIA>)",
        r"(?:ayo|mari|yuk|woi|woy|ayok|hayo|segera|tolong|langsung|kita|cepat|buruan|tinggal|mending)"
        r" (?:kita |semua |rame rame |segera |langsung |pada |bareng )*(?:<BUNUH>)(?:lah|kan|in|i)?",
        r"jangan (?:kasih|beri|ada) ampun|tanpa ampun|sampai (?:mati|mampus|modar)|bikin mampus",
    ),
    _cue(
        "you_are_dead", "threat", "en",
        r"(?:you|u|ur|he|she|they)(?: ?'?re| ?'?s| are| is)? (?:so |all |gonna be |going to be |both "
        r"|fucking |already )*(?:dead meat|a dead (?:man|woman|guy)|dead men|dead to rights)",
        r"you ?(?:'re|are|r| ) ?(?:so |all )?dead(?: \w+)?|(?:your|his|her|their) days are numbered",
        r"(?:you|he|she|they) (?:will|gonna|are going to|'ll|is going to) (?:all |soon )?(?:die|bleed"
        r"|hang|burn|pay with (?:your|his|her|their) (?:life|lives|blood)|regret being born)",
        r"(?:i|we) know where (?:you|u|he|she|they|your \w+) (?:live|lives|sleep|work|works|go|goes)",
        r"(?:we|i)(?: ?'?re| ?'?m| are| am)? (?:coming|come) for (?:you|your|him|her|them)|you ?'?re next",
        r"(?:won'?t|not|never) (?:live to see|see (?:another|tomorrow)|make it (?:home|out alive))"
        r"|sleep with one eye open|watch your back|pay (?:him|her|them|you) a visit|body ?bags?",
        r"(?:end|finish) (?:your|his|her|their) (?:life|lives)|(?:accident|bad things) (?:could|can|"
        r"might|will|may) happen to (?:you|your|him|her|them)|meet (?:your|his|her|their) maker",
    ),
    _cue(
        "you_are_dead", "threat", "id",
        r"(?:mati|habis|tamat|modar) (?:kau|lo|lu|kamu|kalian|riwayat\w*|nanti)",
        r"awas (?:kau|lo|lu|kamu|kalian|nanti)|siap ?-?siap (?:mati|mampus|di\w+)|nyawa ?(?:mu|lo|lu)",
        r"(?:aku|gue|gw|gua|kami|kita) (?:tau|tahu|hafal) (?:di ?mana )?(?:rumah|alamat|anak|sekolah"
        r"|keluarga)\w*|tinggal nama|liang (?:kubur|lahat)|hari terakhir(?:mu| lo| lu| kau)",
        r"(?:tunggu|liat|lihat) (?:saja |aja )?(?:kau|lo|lu|kalian|pembalasan|tanggal mainnya)"
        r"|hidup ?(?:mu|lo|lu) (?:gak|ga|nggak|tidak|tinggal|bakal)",
    ),
    _cue(
        "weapon", "threat", "en",
        r"bullets? (?:to|in|through|between|into|for|with) (?:\w+ ){0,2}?(?:<BODY>|them|him|her|you|all"
        r"|every\w*|each|name)",
        r"(?:bring|grab|load|get|take|pick up|clean|aim|lock|carry|pack) (?:\w+ ){0,2}?(?:<ARMS>)",
        r"lock (?:and|n|&) load(?:ed)?|(?:<ARMS>) (?:to|in|into|at|against|on|around) (?:\w+ )?"
        r"(?:his|her|their|your) (?:\w+ )?(?:<BODY>)|pull the trigger|cross ?hairs",
        r"(?:rope|noose|bullet|gallows|lamp ?post|tree|guillotine|sniper|firing squad|wood ?chipper)"
        r" (?:for|is waiting|awaits?|with (?:his|her|their|your) name)",
        r"(?:get|got|find|buy|bring|have) (?:a|the|some|your|my|more|enough) (?:ropes?|nooses?|gallows)"
        r"|rope,? tree|some assembly required|second amendment (?:solution|remed|people)\w*",
    ),
    _cue(
        "weapon", "threat", "id",
        r"(?:bawa|siapkan|siapin|angkat|asah|ambil|kumpulkan|kumpulin|pegang) (?:\w+ ){0,2}?(?:<SENJATA>)",
        r"(?:<SENJATA>) (?:di|ke|buat|untuk|menanti|tembus) (?:\w+ )?(?:kepala|leher|perut|jidat|dada"
        r"|mulut|mereka|kalian|lo|kau)\w*",
    ),
    _cue(
        "mob", "threat", "en",
        r"(?:storm|burn down|burn|attack(?! on)|raid|march on|surround|bomb|torch|shoot up|blow up|firebomb"
        r"|set fire to|ransack|occupy|take back|seize|smash up|invade|mortar) (?:the |their |his |her "
        r"|that |every |all |your |those |this )*(?:\w+ ){0,2}?(?:<PLACE>|white house)",
        r"burn (?:it|them|this|everything|the \w+) (?:all )?(?:down|to the ground)|shoot up (?:the|a)",
        r"(?:start|time for|ready for|need|want|bring on|have|be|is coming|get) (?:a |another |the |real "
        r"|some )*(?:civil war|revolution|bloodshed|bloodbath|armed \w+|violent \w+|uprising|violence)",
        r"(?:it'?s|time for|another|is|like) 1776|1776 (?:again|style|time|will|2\.0|it is)",
        r"heads? on (?:a )?(?:pikes?|spikes?|sticks?|poles?)|tree of liberty|blood (?:will|must|in the"
        r" streets|of (?:tyrants|patriots))|water the tree|make (?:them|him|her|you) (?:bleed|suffer)",
        r"take (?:up arms|them out|him out|her out|to the streets armed)|rise up and \w+|hunt (?:them|him"
        r"|her|you) down|drag (?:them|him|her|you) (?:out|into|from|through|by)|tar and feather"
        r"|war is coming|(?:race|holy) war|eye for an eye|fight to the death|by any means necessary",
    ),
    _cue(
        "mob", "threat", "id",
        r"(?:serbu|serang|bakar|geruduk|ledakkan|bom|kepung|obrak ?-?abrik|hancurkan|jarah|ratakan|duduki"
        r"|lempari|bumihanguskan) (?:\w+ ){0,2}?(?:<TEMPAT>)",
        r"sweeping (?:\w+ ){0,2}?\w+|perang (?:saudara|suci|salib)|revolusi berdarah|banjir darah"
        r"|pertumpahan darah|angkat senjata|seret (?:dia|mereka|keluar|ke)|arak (?:dia|mereka|keliling)"
        r"|usir dan \w+|bikin rusuh|kita habisi|rata(?:kan)? dengan tanah|jihad (?:lawan|melawan|perang)",
    ),
    _cue(
        "death_wish", "threat", "en",
        r"(?:hope|wish|pray|praying|can'?t wait|cannot wait|want|wanna see|waiting|hoping|would love)"
        r" (?:\w+ ){0,5}?(?:dies?|dead|death|drops? dead|gets? (?:shot|killed|raped|hanged|stabbed|run"
        r" over|hit by)|burns?|hangs?|rots?|suffers?|chokes?|murdered|bleeds?|executed|assassinated)",
        r"(?:go|just|please|pls|should|and) (?:\w+ )?(?:die|kill (?:yourself|urself|yourselves|ur ?self)|kys"
        r"|hang (?:yourself|yourselves)|off (?:yourself|yourselves)|neck yourself|jump off a (?:cliff"
        r"|bridge))|drop dead|(?:rot|burn) in hell|kys|die in a (?:fire|ditch|hole)|^die|die,? (?:you|bitch"
        r"|scum|traitors?|pigs?)|death to (?:\w+ )?\w+|better off dead|better dead|wish (?:\w+ )?dead",
    ),
    _cue(
        "death_wish", "threat", "id",
        r"(?:semoga|moga|mudah ?-?mudahan|harap|berharap|doain|doakan|kapan|mending|cepet|cepat)"
        r" (?:\w+ ){0,4}?(?:mati|mampus|modar|musnah|celaka|dibunuh|disambar|ditembak|digantung|koit)",
        r"(?<!hukum )(?:mati|mampus|modar) (?:aja|saja|sana|lah)|bunuh diri (?:aja|saja|sana)|modar",
    ),
)  # fmt: skip

THREATS: tuple[Cue, ...] = tuple(cue for cue in CUES if cue.kind == "threat")
