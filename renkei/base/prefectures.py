"""The 47 prefectures in the order of their codes (JIS X 0401): the first two digits of a municipality's code."""

from __future__ import annotations

_NAMES = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県",
    "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県",
    "岐阜県", "静岡県", "愛知県", "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県",
    "鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip
_CODES = {name: f"{number:02}" for number, name in enumerate(_NAMES, start=1)}


def prefecture_of(address: str) -> str:
    """Return the code of the prefecture an address begins with; empty where it names none."""
    plain = address.strip()
    return next((code for name, code in _CODES.items() if plain.startswith(name)), "")


def prefectures_in(text: str) -> set[str]:
    """Return the codes of the prefectures a text names; short names count (東京, but not the 京都 of 東京都)."""
    found = set()
    for name, code in sorted(_CODES.items(), key=lambda pair: text.find(pair[0])):
        if name in text:
            found.add(code)
            text = text.replace(name, "、")
    return found | {code for name, code in _CODES.items() if name != "北海道" and name[:-1] in text}
