import io
import pyvo, pytest, requests
import numpy as np
from astropy.io import fits
from astropy.io.votable import parse
pytestmark = pytest.mark.django_db(databases=["default", "reader"])

def test_all(server, archive, client):
    tap = pyvo.dal.TAPService(f"{server}/tap")
    t = tap.search("SELECT * FROM ivoa.obscore").to_table()
    t.pprint_all(max_width=-1)
    print(t["access_url","s_region","obs_publisher_did"])
    o = archive.open
    sia = pyvo.dal.sia2.SIA2Service(f"{server}/vo/sia2")
    for pos in [(o.ra, o.dec, 0.1), (o.ra-1,o.ra+1,o.dec-1,o.dec+1), (o.ra,o.dec,o.ra+1,o.dec,o.ra+1,o.dec+1)]:
        r = sia.search(pos=pos)
        print(pos, len(r), list(r["obs_publisher_did"]))
    row = [x for x in sia.search(pos=(o.ra,o.dec,0.1)) if "sci/" in x["obs_publisher_did"]][0]
    dl = row.getdatalink()
    dl.to_table()["semantics","content_type","content_length","link_auth","link_authorized","description","access_url","service_def","error_message"].pprint_all(max_width=-1)
    print([len(d) for d in sia.search(pos=(o.ra,o.dec,0.1)).iter_datalinks()])
    s = pyvo.dal.SCSService(f"{server}/vo/scs/ztf_alerts")
    from astropy.coordinates import SkyCoord
    print(s.search(SkyCoord(o.ra,o.dec,unit="deg"), 0.1))
    a = requests.get(f"{server}/vo/soda/sync", params={"ID": row["obs_publisher_did"], "CIRCLE": f"{o.ra} {o.dec} 0.01"})
    print(a.status_code, a.headers, a.text[:100] if a.status_code!=200 else fits.open(io.BytesIO(a.content)).info())
    a = requests.get(f"{server}/vo/soda/sync", params={"ID": row["obs_publisher_did"], "CIRCLE": f"{o.ra} {o.dec+5} 0.01"})
    print(a.status_code)
    assert 0
