import { type Accepted, always, type PatternRule } from "./rule.ts";

// Names in scripts that the names model can't read: a family name of a short list, and a word that speaks of a person.

const chineseFamily =
  "(?:欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|夏侯|皇甫|慕容|司徒|令狐|[王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅高郑鄭梁谢謝宋唐许許邓鄧冯馮韩韓曹曾彭萧蕭蔡潘田董袁于余叶葉蒋蔣杜苏蘇魏程吕呂丁沈任姚卢盧傅钟鐘姜崔谭譚廖范汪陆陸金石戴贾賈韦韋夏邱方侯邹鄒熊孟秦白江阎閻薛尹段雷黎史龙龍陶贺賀顾顧毛郝龚龔邵万萬钱錢严嚴武孔汤湯])";
const chineseGiven = "\\p{sc=Han}{1,2}";
const chineseTitle = "(?:先生|女士|小姐|太太|同学|同學|老师|老師|医生|醫生|大夫|教授|律师|律師|护士|護士)";
const chineseLabel =
  "(?:我叫|名叫|我的名字(?:叫|是)|姓名(?:是|为|為)?|名字(?:叫|是)|联系人|聯絡人|收件人|收款人|付款人|持卡人|申请人|申請人|户名|戶名|患者|病人)";

/** 李明先生, 我叫王小明, 姓名：陈静. */
const chineseName = namedBy({
  name: "chinese-name",
  source: "the commonest Chinese family names; a label before the name or a title behind it",
  trigger: /\p{sc=Han}/u,
  before: `${chineseLabel}[：:\\s]{0,3}`,
  value: `${chineseFamily}${chineseGiven}`,
  after: chineseTitle,
  border: "",
});

const japaneseFamily =
  "(?:佐藤|鈴木|高橋|田中|伊藤|渡辺|渡邊|渡部|山本|中村|小林|加藤|吉田|山田|佐々木|松本|井上|木村|斎藤|斉藤|清水|山崎|池田|橋本|阿部|中島|前田|藤田|後藤|岡田|長谷川|村上|近藤|石井|坂本|遠藤|青木|藤井|西村|太田|三浦|藤原|岡本|松田|中川|小野|田村|竹内|金子|和田|中山|石田|上田|柴田|酒井|工藤|横山|宮本|内田|高木|安藤|島田|谷口|高田|丸山|今井|河野|藤本|村田|武田|杉山|増田|小島|小山|平野|菅原|久保|松井|桜井|木下|野口|松尾|野村|新井|山口|石川|千葉|宮崎|大野|大塚|上野)";
const honorific = "(?:さん|さま|様|氏|くん|ちゃん|先生|殿)";

/** 田中太郎さん, 山口様, 名前は鈴木花子です; a place is called 山口県. */
const japaneseName = namedBy({
  name: "japanese-name",
  source: "the commonest Japanese family names; a label before the name, a title or the verb behind it",
  trigger: /[\p{sc=Han}\p{sc=Katakana}]/u,
  before: "(?:名前は|氏名|私は|担当者?は?|患者)[：:\\s]{0,3}",
  value: `${japaneseFamily}[ 　]?(?:[\\p{sc=Han}々]{1,3}|\\p{sc=Hiragana}{2,3}(?=${honorific})|[\\p{sc=Katakana}ー]{2,5})?`,
  after: `${honorific}|と申します|です`,
  border: "(?<![\\p{sc=Han}\\p{sc=Katakana}ー・])",
});

const katakanaName = namedBy({
  name: "katakana-name",
  source: "a foreign name in katakana, known by the title behind it",
  trigger: /\p{sc=Katakana}/u,
  before: "(?:名前は|氏名|私は)[：:\\s]{0,3}",
  value: "[\\p{sc=Katakana}ー]{2,10}(?:[・＝ ][\\p{sc=Katakana}ー]{2,10}){0,2}",
  after: "(?:さん|さま|様|氏|と申します)",
  border: "(?<![\\p{sc=Han}\\p{sc=Katakana}ー・])",
});

const koreanFamily =
  "(?:남궁|황보|제갈|선우|[김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진엄채원천방공현함변염여추도소석선설마길연위표명기반])";

/** 김민준 씨, 제 이름은 이서연입니다. */
const koreanName = namedBy({
  name: "korean-name",
  source: "Statistics Korea, family names of the census; a label before the name, a title or the verb behind it",
  trigger: /\p{sc=Hangul}/u,
  before: "(?:이름은|이름|성명|저는|환자|예금주|담당자)[은는:：\\s]{0,3}",
  value: `${koreanFamily}\\p{sc=Hangul}{2}`,
  after: "\\s?(?:씨|님|군(?!\\p{sc=Hangul})|양(?!\\p{sc=Hangul})|선생님|교수님|입니다|이에요|예요|이라고|라고)",
  border: "(?<!\\p{L})",
});

const largeCities =
  "北京|上海|广州|廣州|深圳|天津|重庆|重慶|成都|杭州|南京|武汉|武漢|西安|苏州|蘇州|香港|台北|臺北|高雄|澳门|澳門|東京都?|大阪|京都|横浜|名古屋|札幌|神戸|福岡|仙台|広島|沖縄|北海道|서울|부산|인천|제주도";

/** Which people say that they live in. */
const largeCity: PatternRule = {
  name: "east-asian-city",
  type: "LOCATION",
  source: "the largest cities of China, Japan and Korea in their own scripts",
  trigger: /[\p{sc=Han}\p{sc=Hangul}]/u,
  pattern: new RegExp(`(?<!\\p{sc=Hangul})(?:${largeCities})[市府시]?`, "gu"),
  accept: always(0.7),
};

export const eastAsianNames: readonly PatternRule[] = [chineseName, japaneseName, katakanaName, koreanName, largeCity];

interface NamedBy {
  readonly name: string;
  readonly source: string;
  readonly trigger: RegExp;
  /** Alternatives of a pattern: what stands before a name, or behind it. One of the two has to. */
  readonly before: string;
  readonly value: string;
  readonly after: string;
  /** What may not stand right before a name that is known by what stands behind it; scripts without spaces let it. */
  readonly border: string;
}

function namedBy({ name, source, trigger, before, value, after, border }: NamedBy): PatternRule {
  const label = new RegExp(`^${before}`, "u");
  return {
    name,
    type: "PERSON",
    source,
    trigger,
    pattern: new RegExp(`${before}${value}|${border}${value}(?=${after})`, "gu"),
    accept: (match): Accepted | undefined => {
      const start = label.exec(match)?.[0].length ?? 0;
      const person = match.slice(start).trimEnd();
      return noNames.test(person) ? undefined : { start, end: start + person.length, score: 0.8 };
    },
  };
}

/** What begins like a name and is a word: customer, user, teacher, boss; 高先生 has no given name. */
const noNames =
  /^(?:고객사|사용자|이용자|구매자|신청자|방문자|소비자|관리자|담당자|선생님|이모부|고모부|주인님|원장님|시스템|김치찌|カード|データ|メール|お客|ユーザー|システム|サービス|サポート|スタッフ|オーナー|マネージャー|何[人时时時]|任何|马上|高兴|白天|方便|金额|金額|安全)/u;
