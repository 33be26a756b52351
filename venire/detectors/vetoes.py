"""What only sounds like a threat: figures of speech, negations, calls for the law to act.

A figure of speech is blanked before anything is scored, so "kill time" is not read as a killing. A
negation or a report withdraws the cue it stands before, and is shown to jurors as such.
"""

from __future__ import annotations

import re

_FIGURES = (
    # English
    r"kill(?:s|ed|ing)? (?:some |the |a few |an? |my |our |your )?(?:time|hours?|minutes?|lights?|engine"
    r"|vibes?|mood|process(?:es)?|switch|noise|music|conversation|thread|job|tabs?|server|power|app"
    r"|buzz|joke|weeds?|germs|bacteria|bugs?|virus|appetite|pain|battery|momentum|rumou?rs?|bill"
    r"|filibuster|deal|project|feature|motion|two birds|the clock|zombies?|boss(?:es)?|dragons?|npcs?)",
    r"kill(?:ed|ing|s)? (?:it|that (?:song|solo|performance|interview|exam|test|presentation|show|set))"
    r"(?= (?:on|at|in|with|out|tonight|today|last|this)|[.!,?]|$)|killed me|killin[g']? me|kills me"
    r"|(?:is|are|was|were|just|really|literally) killing (?:me|us|it)|killer (?:app|deal|feature|song"
    r"|whales?|bees?|outfit|look|heels|instinct|workout|view|party|track|album|line|combo|recipe)"
    r"|dressed to kill|(?:would|could|could really|i'?d) (?:kill|murder|slaughter) for|curiosity killed|kill(?:s)? joy"
    r"|buzz ?kill|road ?kill|over ?kill|pain ?killers?|lady ?killer|if looks could kill|kill bill"
    r"|to kill a mockingbird|killing in the name|kill your darlings|kill the (?:lights|mic)"
    r"|kill (?:him|her|them|me|you|us) with kindness|(?:mom|mum|mother|dad|father|wife|husband|boss|parents"
    r"|teacher|coach|roommate|boyfriend|girlfriend|sister|brother)(?:'s| is| will| would| are)? "
    r"(?:gonna |going to )?kill me|won'?t kill you|wouldn'?t kill (?:you|him|her|them)",
    r"shoot(?:s|ing)? (?:me|us|him|her|them|you|over|off|through) (?:an? |your |the |any |some |over )?"
    r"(?:quick )?(?:e-?mails?|mails?|texts?|messages?|msgs?|dms?|lines?|pics?|photos?|videos?|notes?|links?"
    r"|questions?|numbers?|invites?|quotes?|resumes?|pm)"
    r"|(?:don'?t |do not )?shoot(?:ing)? the (?:messenger|breeze|shit|moon|scene|video|pilot|movie|cover"
    r"|film|wedding|commercial|ball|puck|rapids)|shoot(?:ing)? (?:for the|hoops?|pool|footage|photos?"
    r"|pictures?|portraits?|film|video|stars?|from the hip|baskets?|free throws?|threes?|in (?:raw|4k|black))"
    r"|(?:photo|video|wedding|film|movie|product|fashion|penalty) ?-?shoots?(?:ing|out)?|photoshoots?"
    r"|(?:give|gave|worth|take|long|my best|screen|mug|flu|booster|vaccine|covid|espresso|tequila"
    r"|vodka|whisk[e]?y|three point|game winning|drone|best|moon|sling|cheap|big|parting) ?-?shots?"
    r"|shots? (?:on goal|of (?:espresso|tequila|vodka|whisk[e]?y|rum|insulin|adrenaline))"
    r"|shot (?:on|with|by|in) (?:an? |my )?(?:iphone|film|location|canon|nikon|sony|black and white|35mm)"
    r"|bamboo shoots?|call(?:ing)? the shots|shot ?glass(?:es)?|parting shot|shoot your shot",
    r"hang(?:s|ing)? (?:out|in there|on|tight|up|with|around|back|loose|onto|by a thread|over|at (?:my|your"
    r"|the|our)|(?:the|this|that|my|your|a|some|our) (?:\w+ )?(?:pictures?|paintings?|curtains?|wallpaper|coats?"
    r"|lights?|posters?|laundry|clothes|washing|mirror|flags?|ornaments?|stockings?|wreath|sign|banner|shelf"
    r"|frames?|hat|towels?|jacket|art|door|plants?|photos?|keys|tv|drywall))|hang ?overs?|hung ?over|hung up"
    r"|hung (?:jury|parliament|out|over)|get the hang|got the hang|hang(?:ing)? (?:by|from) the"
    r" (?:wall|ceiling|door)|cliff ?-?hangers?|coat ?hangers?|low hanging|hanging gardens?"
    r"|hang time|hang ?gliding|hang ?outs?|left hanging|leave (?:me|us) hanging|let'?s hang(?= (?:at|in|this|tonight|later|soon)|[.!]|\s*$)",
    r"dead (?:lines?|tired|serious|wrong|right|batter(?:y|ies)|phone|pixels?|links?|end|weight|lift|beat"
    r"|pan|center|calm|heat|silence|sea|pool|language|cat bounce|skin|leaves|plants?|code|by daylight|cells"
    r"|zone|lock|stock|simple|quiet|giveaway|ringer|spot|week)|deadlines?|deadlift\w*|dead (?:ass|inside)"
    r"|(?:i'?m|im|am|we'?re|i am|literally) (?:so |just |literally |actually )*(?:dead|dying|deceased)"
    r"(?= (?:at|from|laughing|lol|over|lmao|inside|tired|😂|💀)|[.!,?]|\s*[😂🤣💀😭]|\s*$)"
    r"|walking dead|red dead|evil dead|dead or alive|grateful dead|drop dead gorgeous|dead ?pool",
    r"(?:die|died|dying|dies) (?:laughing|of (?:laughter|embarrassment|boredom|cringe|cuteness|shame|happiness)"
    r"|for (?:this|that|some|these|a)|to (?:know|see|try|meet|go|hear|watch|read|play))|to die for|die ?hards?"
    r"|old habits die hard|never say die|do or die|dies? (?:down|off|out)|hair ?dye|die ?cast|roll(?:ed)? a die"
    r"|cross my heart and hope to die|(?:i|we) (?:will |would |almost |nearly |could |just |literally )*(?:die|died)",
    r"(?:bath|photo|cherry|f|sex|jager|truth|glitter|seed|stink|smoke|zip|love|hot chocolate|logic|atom)"
    r" ?-?bomb(?:s|ed|ing|er|ers)?|(?:the|da|is|was) bomb(?= ?(?:diggity|dot com)|[.!,?]|\s*$)|bomb ass|bombshells?"
    r"|bomb (?:cyclone|squad|threat|shelter)|bombed (?:the|my|that|an?) (?:test|exam|interview|audition|quiz)"
    r"|bullet ?-?(?:journal\w*|points?|trains?|proof|list|dodged|chess)|dodg(?:e|ed|ing) (?:a |the |that )?bullets?"
    r"|bite the bullet|silver bullet|magic bullets?|sweat(?:ing)? bullets|rubber bullets|bulleted",
    r"shotgun (?:wedding|seat|a beer)|(?:call|called|riding|ride|rode) shotgun|(?:glue|heat|nerf|water|nail|spray"
    r"|caulk|massage|staple|top|grease|squirt|radar|tattoo|sewing|paintball|bb|speed) ?-?guns?|gun(?:s|'?n)? n'? roses"
    r"|jump(?:ed|ing)? the gun|stick(?:ing)? to (?:my|your|our|his|her|their) guns|top gun|son of a gun|guns blazing"
    r"|hired gun|big guns|machine gun kelly|sun'?s out guns out|gun (?:control|laws?|violence|safety|rights|show)",
    r"stab in the dark|tak(?:e|ing) (?:a|another) stab|stab(?:bed|bing)? (?:at|in the back)|back ?stabb\w*"
    r"|swiss army knife|butter knife|chef'?s? kni(?:fe|ves)|steak kni(?:fe|ves)|kitchen kni(?:fe|ves)|putty knife"
    r"|pocket kni(?:fe|ves)|axe (?:throwing|body spray)|battle ?axe|guitar axe|jump(?:ing)? rope|rope swing"
    r"|learn(?:ing)? the ropes|know the ropes|tow rope|skipping rope|on the ropes|rope (?:climb|course)",
    r"execut(?:e|ed|es|ing|ion of) (?:the |a |an |this |that |our |my |your |their |its |on |these |any )*(?:\w+ )?"
    r"(?:plans?|codes?|commands?|orders?|scripts?|quer(?:y|ies)|programs?|functions?|strateg(?:y|ies)|warrants?"
    r"|contracts?|tasks?|tests?|steps?|instructions?|trades?|play|plays|vision|ideas?|search|file|files|statements?"
    r"|will|workflow|moves?|drills?)|executive \w+|executable|well executed|poorly executed|perfectly executed",
    r"murder (?:mystery|hornets?|she wrote|board|of crows|on the)|murder(?:ed|ing)? (?:that|this|the|a) (?:burger|pizza"
    r"|steak|song|beer|sandwich|cake|whole|buffet)|(?:could|would) murder (?:a|an|some)|get away with murder"
    r"|bloody (?:mary|hell|good|brilliant|marvellous|oath|love)|blood (?:type|test|pressure|sugar|donation|drive|bank"
    r"|orange|moon|work|brother|relative|clot|sample|sweat and tears)|donat\w+ blood|give blood|in cold blood",
    r"burn(?:s|ed|ing|t)? (?:some |the |a |off |my |your |through |up )*(?:calories|fat|rubber|cds?|dvds?|bridges?"
    r"|candles?|wood|toast|dinner|incense|midnight oil|leaves|cookies|food|mouth|tongue|hand|finger|out|trash|sage"
    r"|brush|firewood|energy|carbs|coal|oil|gas|fuel|cash|money|time|ish)|burn ?outs?|sun ?burn\w*|heart ?burn"
    r"|burning (?:man|question|desire|bush|love|sensation|smell)|sick burn|slow burn|freezer burn",
    r"attack on titan|heart attacks?|panic attacks?|asthma attacks?|anxiety attacks?|attack(?:s|ing)? (?:the|a|this|that)"
    r" (?:problem|issue|task|ball|hill|argument|question|climb|question)|snack attack|attacking (?:mid\w*|football|play)"
    r"|beat(?:s|ing|en)? (?:the|that|this|a|my|your|his|her|their|our) (?:traffic|heat|odds|system|record|score|level|game"
    r"|boss|drum|crowd|clock|rush|market|eggs?|queue|best|high|pb|deadline|bush|team)|beat (?:around|the egg)|up ?beat"
    r"|beat (?:them|him|her|us|you|me) (?:\d|at|in (?:the (?:final|game|election|race|match|debate)|court|chess|overtime)"
    r"|to (?:it|the)|by)|off the beaten|dead ?beat|heart ?beat|beat box|beat the crap out of (?:the|that) (?:game|level)",
    r"eliminat(?:e|ed|es|ing) (?:the |all |any |this |that |our |unnecessary |your )*(?:need|debt|waste|risks?|errors?|bugs?"
    r"|taxes|tax|sugar|carbs|noise|stress|options?|possibilit\w+|poverty|hunger|corruption|competition|germs|stains?|team)"
    r"|(?:from|in) the (?:playoffs|tournament|competition|world cup|cup)|destroy(?:ed|s|ing)? (?:the|that|this|a|my) (?:pizza"
    r"|burger|exam|test|competition|leaderboard|evidence|planet|environment|economy|ozone|game|record|toilet|kitchen)",
    r"crush(?:ed|ing|es)? (?:it|on|candy|the (?:competition|exam|test|interview|quarter|goal|workout))|candy crush"
    r"|(?:my|a|huge|big|celebrity|childhood|secret|school) crush|slay(?:s|ed|ing)? (?:queen|the (?:day|house|look)|all day)"
    r"|roast(?:s|ed|ing)? (?:chicken|beef|potatoes|coffee|beans|lamb|pork|marshmallows|vegetables)|smash (?:bros|burgers?|hit"
    r"|that (?:like|subscribe)|the (?:like|subscribe|patriarchy|avocado|piñata))|smashed (?:avocado|potatoes|it)|hit the (?:gym"
    r"|road|books|hay|sack|spot|gas|brakes|jackpot|nail|town|ground running|beach|slopes|club)|knock (?:'?em|them) dead"
    r"|break a leg|eat (?:your|my) heart out|bury the hatchet|heads? (?:will )?roll(?:ing)?|tortured (?:artist|soul|poets)"
    r"|whip(?:ped|ping)? cream|twist my arm|cut (?:his|her|my|your|their) hair|break the (?:ice|news|bank|record|internet)",
    # Games
    r"(?:kill|shoot|stab|bomb|attack|murder|snipe|headshot|raid|nuke)(?:s|ed|ing)? (?:\w+ ){0,5}?(?:in|on|at|with) (?:\w+ )?"
    r"(?:minecraft|fortnite|valorant|cod|warzone|gta|skyrim|elden ring|dark souls|zelda|the game|this game|ranked|pubg|csgo"
    r"|cs2|overwatch|apex|roblox|dnd|d&d|league|dota|mobile legends|mario kart|among us|the sims|level \d+|round \d+)",
    # Indonesian
    r"(?:mem)?bunuh waktu|(?:lampu|listrik|hp|hape|mesin|laptop|motor|mobil|tv|server|wifi|internet|sinyal|air|pompa|kompor"
    r"|ac|data|baterai|batre|alarm|komputer|akun|kulkas|jaringan)(?:nya|ku|mu)? (?:\w+ )?mati|mati (?:lampu|listrik|gaya|rasa"
    r"|suri|kutu|lemas|ketawa|penasaran|bosan|kelaparan|kedinginan|kepanasan|kutu|langkah|angin|akal|total|pajak|sendiri)"
    r"|mati ?-?matian|setengah mati|harga mati|cinta mati|sehidup semati|sampai mati (?:aku|gue|cinta|setia)|mati (?:aku|gue|gw)"
    r"|(?:aku|gue|gw|gua) (?:bisa |mau |hampir |pengen )?mati|mampus (?:gue|gw|aku|gua|deh|dah)|dimatikan|matikan (?:lampu|hp|mesin"
    r"|kompor|tv|ac|alarm|notif\w*|komputer|laptop|data|wifi|air|keran)|matiin (?:lampu|hp|mesin|kompor|tv|ac|alarm|notif\w*)",
    r"(?:di|mem)?bakar (?:ikan|ayam|sate|jagung|kalori|lemak|uang|duit|roti|sampah|batu|menyan|dupa|lilin|kayu|arang|semangat"
    r"|marshmallow|daging|ubi|pisang|rokok|bareng|bakaran)|(?:ikan|ayam|roti|jagung|sate|pisang|ubi|cumi|bandeng|bebek|gurame"
    r"|nila|sosis|udang|seafood|luka|bahan|kayu|minyak) bakar|bakar-?bakar(?:an)?|kebakaran|terbakar",
    r"(?:di|men)?gantung(?:kan|in)? (?:baju|pakaian|kunci|foto|lukisan|jemuran|gordyn|gorden|tas|sepatu|raket|harapan|cita|lampu"
    r"|helm|jaket|jam|kalender|nasib|perasaan|status|hubungan)|digantung (?:mulu|terus|tanpa kepastian|status|gebetan|doi|pacar)"
    r"|jembatan gantung|lampu gantung|tas gantung|tergantung|bergantung|perasaan digantung|cowok gantung|tanaman gantung",
    r"(?:di|men)?tembak (?:foto|gol|bola|penalti|cewek|cowok|gebetan|doi|pacar|burung|langsung ke gawang|harga)|(?:gue|gw|aku)"
    r" (?:di)?tembak (?:sama|cowok|doi|kakak|temen|dia pas)|nembak(?: \w+)?|salah tembak|sasaran tembak|sim tembak|jarak tembak"
    r"|serang(?:an)? (?:balik|jantung|fajar|panik|hama|umum)|bom (?:waktu|like|komen|spam|suka)|foto bom|hajar (?:makan\w*|bakso"
    r"|aja makan\w*|promo|diskon|pr|tugas|soal|saja dulu|bleh)|sikat (?:gigi|wc|promo|miring|habis|diskon|aja)|habisi (?:makan\w*"
    r"|nasi|sisa)|habis(?:kan|in) (?:makan\w*|nasi|uang|waktu|sisa|malam|liburan|duit|sayur|bekal|kuota|stok)|perang (?:harga|diskon"
    r"|tarif|dagang|dunia|kata)|darah (?:tinggi|rendah|muda|manis|biru|daging|dingin|putih|merah)|donor darah|tekanan darah|gula"
    r" darah|golongan darah|pemotongan|sembelih (?:kambing|sapi|ayam|hewan|kurban|qurban)|potong (?:rambut|ayam|kue|harga|kuku"
    r"|gaji|rumput|bebek|tumpeng|kambing)|basmi (?:hama|nyamuk|korupsi|kuman|tikus|hoax|hoaks|jentik|kemiskinan|rayap|jerawat)"
    r"|(?:pe)?musnah(?:kan)? (?:virus|korupsi|barang bukti|hama|kemiskinan|narkoba)|hancurkan (?:lawan|rekor|stigma|korupsi)"
    r"|lawan (?:korupsi|covid|corona|hoax|hoaks|narkoba|kanker)|pecah (?:telur|rekor)|gebuk (?:drum|kasur)|pukul (?:\d+|berapa"
    r"|rata|bola|mundur|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|sepuluh|sebelas|setengah)|tusuk (?:gigi|sate|jarum)",
)  # fmt: skip
FIGURATIVE = re.compile(rf"(?<!\w)(?:{'|'.join(_FIGURES)})(?!\w)")

NEGATION = re.compile(
    r"(?:(?<!why )(?<!why )don ?'?t|do not|does not|doesn'?t|did not|didn'?t|never|(?<!why )not"
    r"|should ?n'?t|shouldn'?t|must not|mustn'?t|can(?:not|'?t) just"
    r"|stop|against|without|instead of|rather than|wrong to|oppose|illegal to|refuse to|avoid|won'?t"
    r"|wouldn'?t|isn'?t|aren'?t|ain'?t|jangan|janganlah|jgn|tidak (?:boleh|akan|perlu|usah|pernah)?|tak"
    r"|bukan|nggak|enggak|gak|ga usah|dilarang|stop|hentikan|berhenti|tolak|menolak|tanpa|mencegah)"
    r" (?:\w+ ){0,4}$|(?:no ?-?one|nobody|none of (?:them|us)) (?:\w+ ){0,2}$"
)
"""Ends where the cue begins."""

_STILL_MEANT = re.compile(
    r"(?:don'?t just|do not just|not (?:just|only|enough|until)|why not|why don'?t|can'?t wait|never too"
    r"|don'?t (?:stop|wait|forget|hesitate|let|think)|do not (?:stop|wait|forget|hesitate|let)|stop (?:talking"
    r"|waiting|whining|at)|jangan (?:cuma|hanya|sekadar|sekedar|lupa|ragu|takut|tunggu|kasih|beri|diam|berhenti"
    r"|biarkan|sampai)|tidak (?:cukup|hanya|cuma)|bukan (?:cuma|hanya|sekadar)|gak (?:cuma|cukup)|tanpa ampun"
    r"|without mercy|no mercy|won'?t (?:stop|rest)|will not (?:stop|rest)|not (?:worth|deserve)) (?:\w+ ){0,3}$"
)

LAWFUL = re.compile(
    r"(?<!\w)(?:arrest(?:ed|s|ing)?|prosecut\w+|indict\w*|impeach\w*|jail(?:ed)?|prison|imprison\w*|gitmo"
    r"|guantanamo|tribunals?|court ?martial\w*|trials?|charged|convict\w*|sentenc\w+|lock (?:him|her|them|\w+"
    r") up|locked up|behind bars|handcuff\w*|cuffs|investigat\w+|sued?|lawsuits?|subpoena\w*|resign\w*|fired"
    r"|recall(?:ed)?|deport\w*|judge|court|justice|law|tangkap|ditangkap|adili|diadili|penjara\w*|dipenjara"
    r"|hukum|dihukum|proses hukum|laporkan|polisikan|pengadilan|usut|diusut|borgol|copot|dicopot|mundur"
    r"|pecat|dipecat|kpk|jaksa|hakim|makzulkan)(?!\w)"
)


_MEANT_BEFORE = re.compile(
    r"(?:should|must|needs? to|deserves? to|ought to|gotta|be|get|will|gonna|to be|let (?:him|her|them))"
    r" (?:all |both |just |be )?$"
)


def blanked(folded: str) -> str:
    """The text with its figures of speech blanked out, letter for letter.

    "Should hang with the rest" keeps its verb: what is owed to someone is no figure of speech.
    """
    return FIGURATIVE.sub(_blank, folded)


def _blank(match: re.Match[str]) -> str:
    phrase = match.group()
    if phrase.startswith(("hang", "hung", "shot")) and _MEANT_BEFORE.search(
        match.string[max(0, match.start() - 24) : match.start()]
    ):
        return phrase
    return " " * len(phrase)


def is_negated(folded: str, start: int) -> bool:
    """Whether the words before `start`, in the same sentence, turn the cue around."""
    before = folded[max(0, start - 60) : start]
    before = re.split(r"[.!?;\n]", before)[-1]
    return NEGATION.search(before) is not None and _STILL_MEANT.search(before) is None
